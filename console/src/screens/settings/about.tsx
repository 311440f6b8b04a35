import { useQuery } from "@tanstack/react-query";
import { queries } from "../../api/queries.ts";
import { Button } from "../../components/basics.tsx";
import { Card, type Fact, Facts } from "../../components/page.tsx";
import { Loaded } from "../../components/states.tsx";
import { formatNumber } from "../../components/text.ts";
import { copy } from "../../shell/announce.tsx";
import { RelativeTime, Timestamp } from "../../shell/clock.tsx";
import { formatBytes } from "./format-bytes.ts";

/** Details of this server. */
export function AboutPart() {
  const server = useQuery(queries.server());
  return (
    <Loaded query={server} rows={8}>
      {(info) => {
        const facts: readonly Fact[] = [
          { name: "Baton", value: info.version },
          { name: "Node", value: info.node },
          { name: "Process", value: info.pid },
          {
            name: "Started",
            value: (
              <>
                <Timestamp at={info.startedAt} /> (<RelativeTime at={info.startedAt} />)
              </>
            ),
          },
          { name: "Store", value: info.store.kind === "sqlite" ? "SQLite" : "PostgreSQL" },
          { name: "Address", value: <code>{info.store.address}</code> },
          { name: "Size", value: formatBytes(info.store.bytes) },
          { name: "Schema", value: info.store.schema },
          { name: "Server time zone", value: info.zone },
          { name: "Live workers", value: formatNumber(info.workers) },
          { name: "Acting as", value: info.actor },
          { name: "Read-only", value: info.isReadOnly ? "yes" : "no" },
        ];
        return (
          <Card label="About this server">
            <Facts facts={facts} isStacked={true} />
            <p>
              <Button onClick={() => void copy(JSON.stringify(info, null, 2), "server details")}>Copy as JSON</Button>
            </p>
          </Card>
        );
      }}
    </Loaded>
  );
}
