import type { Facets } from "@wire/run.ts";
import { baseStyles, Chip } from "../../components/basics.tsx";
import { parseFilter, withField } from "../../components/filter.ts";
import { pageStyles } from "../../components/page.tsx";
import { runStatus, statusOrder } from "../../components/status.ts";
import { formatNumber } from "../../components/text.ts";
import type { TimeRange } from "./time-range.ts";

/** Filter chips: each status with its count, and the selected time range. */
export function StatusFilter({
  q,
  times,
  facets,
  onFilter,
  onAnyTime,
}: {
  q: string;
  times: TimeRange;
  facets: Facets | undefined;
  onFilter: (text: string) => void;
  onAnyTime: () => void;
}) {
  const { status: selected } = parseFilter(q).fields;
  return (
    <div className={pageStyles.line} role="group" aria-label="Status">
      {statusOrder.map((status) => {
        const facet = facets?.items.find((each) => each.status === status);
        const isSelected = selected === status;
        if ((facet?.count ?? 0) === 0 && !isSelected) return null;
        const { glyph, label } = runStatus[status];
        return (
          <Chip
            key={status}
            isPressed={isSelected}
            onClick={() => onFilter(withField(q, "status", isSelected ? null : status))}
          >
            <span aria-hidden="true">{glyph}</span> {label}{" "}
            <span className={baseStyles.chipCount}>
              {formatNumber(facet?.count ?? 0)}
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
