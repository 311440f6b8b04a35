import { useQuery } from "@tanstack/react-query";
import { reads } from "../../api/queries.ts";
import { Card, type Fact, Facts } from "../../parts/page.tsx";
import { Button } from "../../parts/parts.tsx";
import { Loaded } from "../../parts/states.tsx";
import { count } from "../../parts/words.ts";
import { copy } from "../../shell/announce.tsx";
import { Ago, Moment } from "../../shell/clock.tsx";
import { bytes } from "./bytes.ts";

/** Who answers here, and what it may do. */
export function AboutPart() {
  const server = useQuery(reads.server());
  return (
    <Loaded of={server} rows={8}>
      {(info) => {
        const facts: readonly Fact[] = [
          { name: "Baton", value: info.version },
          { name: "Node", value: info.node },
          { name: "Process", value: info.pid },
          {
            name: "Started",
            value: (
              <>
                <Moment at={info.startedAt} /> (<Ago at={info.startedAt} />)
              </>
            ),
          },
          { name: "Store", value: info.store.kind === "sqlite" ? "SQLite" : "PostgreSQL" },
          { name: "Address", value: <code>{info.store.address}</code> },
          { name: "Size", value: bytes(info.store.bytes) },
          { name: "Schema", value: info.store.schema },
          { name: "Zone of the server", value: info.zone },
          { name: "Workers alive", value: count(info.workers) },
          { name: "You act as", value: info.actor },
          { name: "May change things", value: info.isReadOnly ? "no: this server is read-only" : "yes" },
        ];
        return (
          <Card label="About this server">
            <Facts facts={facts} isStacked={true} />
            <p>
              <Button onClick={() => void copy(JSON.stringify(info, null, 2), "what this server says of itself")}>
                Copy as JSON
              </Button>
            </p>
          </Card>
        );
      }}
    </Loaded>
  );
}
