import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { reads } from "../../api/queries.ts";
import layout from "../../parts/layout.module.css";
import { Button } from "../../parts/parts.tsx";
import { Loaded } from "../../parts/states.tsx";
import { count } from "../../parts/words.ts";
import { copy } from "../../shell/announce.tsx";
import { Ago, Moment } from "../../shell/clock.tsx";
import { bytes } from "./bytes.ts";
import styles from "./settings.module.css";

/** Who answers here, and what it may do. */
export function AboutPart() {
  const server = useQuery(reads.server());
  return (
    <Loaded of={server} rows={8}>
      {(info) => {
        const facts: readonly (readonly [string, ReactNode])[] = [
          ["Baton", info.version],
          ["Node", info.node],
          ["Process", info.pid],
          [
            "Started",
            <>
              <Moment at={info.startedAt} /> (<Ago at={info.startedAt} />)
            </>,
          ],
          ["Store", info.store.kind === "sqlite" ? "SQLite" : "PostgreSQL"],
          ["Address", <code key="address">{info.store.address}</code>],
          ["Size", bytes(info.store.bytes)],
          ["Schema", info.store.schema],
          ["Zone of the server", info.zone],
          ["Workers alive", count(info.workers)],
          ["You act as", info.actor],
          ["May change things", info.isReadOnly ? "no: this server is read-only" : "yes"],
        ];
        return (
          <section className={layout.card} aria-label="About this server">
            <dl className={styles.about}>
              {facts.map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
            <p>
              <Button onClick={() => void copy(JSON.stringify(info, null, 2), "what this server says of itself")}>
                Copy as JSON
              </Button>
            </p>
          </section>
        );
      }}
    </Loaded>
  );
}
