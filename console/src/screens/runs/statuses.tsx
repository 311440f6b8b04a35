import type { Facets } from "@wire/run.ts";
import { parseFilter, withField } from "../../parts/filter.ts";
import { pageStyles } from "../../parts/page.tsx";
import { Chip, partStyles } from "../../parts/parts.tsx";
import { count, runStatus, statusOrder } from "../../parts/words.ts";
import type { Times } from "./times.ts";

/** What narrows the list: a status each, with how many it has, and the stretch of time that was picked. */
export function Statuses({
  q,
  times,
  facets,
  onFilter,
  onAnyTime,
}: {
  q: string;
  times: Times;
  facets: Facets | undefined;
  onFilter: (text: string) => void;
  onAnyTime: () => void;
}) {
  const { status: chosen } = parseFilter(q).fields;
  return (
    <div className={pageStyles.line} role="group" aria-label="Status">
      {statusOrder.map((status) => {
        const facet = facets?.items.find((each) => each.status === status);
        const isChosen = chosen === status;
        if ((facet?.count ?? 0) === 0 && !isChosen) return null;
        const { glyph, word } = runStatus[status];
        return (
          <Chip
            key={status}
            isPressed={isChosen}
            onClick={() => onFilter(withField(q, "status", isChosen ? null : status))}
          >
            <span aria-hidden="true">{glyph}</span> {word}{" "}
            <span className={partStyles.chipCount}>
              {count(facet?.count ?? 0)}
              {facet?.isExact === false ? "+" : ""}
            </span>
          </Chip>
        );
      })}
      {times.from === undefined && times.to === undefined ? null : (
        <Chip isPressed={true} onClick={onAnyTime}>
          {times.from?.slice(0, 16)} … {times.to?.slice(0, 16)} ✕
        </Chip>
      )}
    </div>
  );
}
