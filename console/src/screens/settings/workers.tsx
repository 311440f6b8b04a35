import { useQuery } from "@tanstack/react-query";
import { reads } from "../../api/queries.ts";
import { Pill, partStyles } from "../../parts/parts.tsx";
import { Empty, Loaded } from "../../parts/states.tsx";
import { Table } from "../../parts/table.tsx";
import { ago } from "../../parts/time.ts";
import { count, type Shown } from "../../parts/words.ts";
import { Ago, Moment } from "../../shell/clock.tsx";
import { AsOf } from "./as-of.tsx";

const alive: Shown = { word: "Alive", glyph: "✓", tone: "ok" };
const silent: Shown = { word: "Silent: its lease has run out", glyph: "✕", tone: "bad" };

/** Who works on this store. */
export function WorkersPart() {
  const workers = useQuery(reads.workers());
  return (
    <Loaded of={workers} rows={3}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty title="No worker is there.">
            <p>Runs are kept and wait; none goes on. One of these starts a worker:</p>
            <pre>{"baton start\nbaton dev"}</pre>
          </Empty>
        ) : (
          <>
            <AsOf at={workers.dataUpdatedAt} onAsk={() => void workers.refetch()} />
            <Table
              caption="Workers"
              columns={[
                "Worker",
                "State",
                "Baton",
                { name: "Runs held", isNumber: true },
                { name: "Slots", isNumber: true },
                "Queues",
                "Started",
                "Last seen",
              ]}
            >
              {items.map((worker) => (
                <tr key={worker.name}>
                  <th scope="row" data-label="Worker">
                    <code>{worker.name}</code>
                  </th>
                  <td data-label="State">
                    <Pill shown={worker.isAlive ? alive : silent} />
                  </td>
                  <td data-label="Baton">{worker.version ?? "not told"}</td>
                  <td data-label="Runs held" data-number={true}>
                    {count(worker.held)}
                  </td>
                  <td data-label="Slots" data-number={true}>
                    {worker.slots === null ? "not told" : count(worker.slots)}
                  </td>
                  <td data-label="Queues">{worker.queues === null ? "all" : worker.queues.join(", ")}</td>
                  <td data-label="Started">
                    <Ago at={worker.startedAt} />
                  </td>
                  <td data-label="Last seen">
                    <span>
                      <Moment at={worker.seenAt} isBare={true} />{" "}
                      <span className={partStyles.muted}>
                        ({ago(Math.max(0, workers.dataUpdatedAt - Date.parse(worker.seenAt)))} then)
                      </span>
                    </span>
                  </td>
                </tr>
              ))}
            </Table>
            {items.every(({ isAlive }) => !isAlive) ? (
              <p className={partStyles.wrong}>None of them is alive: runs wait until a worker is started again.</p>
            ) : null}
          </>
        )
      }
    </Loaded>
  );
}
