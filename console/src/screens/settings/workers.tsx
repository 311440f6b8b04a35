import { useQuery } from "@tanstack/react-query";
import { queries } from "../../api/queries.ts";
import { baseStyles, Pill } from "../../components/basics.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import type { Badge } from "../../components/status.ts";
import { Table } from "../../components/table.tsx";
import { formatNumber } from "../../components/text.ts";
import { formatRelative } from "../../components/time.ts";
import { RelativeTime, Timestamp } from "../../shell/clock.tsx";
import { AsOf } from "./as-of.tsx";

const alive: Badge = { label: "Alive", glyph: "✓", tone: "ok" };
const silent: Badge = { label: "Lost: lease expired", glyph: "✕", tone: "bad" };

/** The workers of this store. */
export function WorkersPart() {
  const workers = useQuery(queries.workers());
  return (
    <Loaded query={workers} rows={3}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty title="No workers">
            <p>Runs are kept but do not continue without a worker. Start one with:</p>
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
                    <Pill badge={worker.isAlive ? alive : silent} />
                  </td>
                  <td data-label="Baton">{worker.version ?? "unknown"}</td>
                  <td data-label="Runs held" data-number={true}>
                    {formatNumber(worker.held)}
                  </td>
                  <td data-label="Slots" data-number={true}>
                    {worker.slots === null ? "unknown" : formatNumber(worker.slots)}
                  </td>
                  <td data-label="Queues">{worker.queues === null ? "all" : worker.queues.join(", ")}</td>
                  <td data-label="Started">
                    <RelativeTime at={worker.startedAt} />
                  </td>
                  <td data-label="Last seen">
                    <span>
                      <Timestamp at={worker.seenAt} isZoneHidden={true} />{" "}
                      <span className={baseStyles.muted}>
                        ({formatRelative(Math.max(0, workers.dataUpdatedAt - Date.parse(worker.seenAt)))})
                      </span>
                    </span>
                  </td>
                </tr>
              ))}
            </Table>
            {items.every(({ isAlive }) => !isAlive) ? (
              <p className={baseStyles.wrong}>No worker is alive: runs wait until one is started.</p>
            ) : null}
          </>
        )
      }
    </Loaded>
  );
}
