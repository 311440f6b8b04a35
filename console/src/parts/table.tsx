import type { ReactNode, Ref } from "react";
import { partStyles } from "./parts.tsx";

/** The name of a column; with `isNumber` its figures stand one below the other. */
export type Column = string | { readonly name: string; readonly isNumber: boolean };

/**
 * A table that scrolls by itself where it is too wide, and whose rows are cards on a phone: there each cell is named by its
 * `data-label`. Within a section it has no frame of its own.
 */
export function Table({
  caption,
  columns,
  look = "",
  isBare = false,
  body,
  children,
}: {
  /** What it lists, for those who do not see it. */
  caption?: ReactNode;
  columns: readonly Column[];
  look?: string | undefined;
  isBare?: boolean;
  body?: Ref<HTMLTableSectionElement>;
  children: ReactNode;
}) {
  return (
    <div className={isBare ? partStyles.scrollX : `${partStyles.panel} ${partStyles.scrollX}`}>
      <table className={`${partStyles.table} ${partStyles.cards} ${look}`}>
        {caption === undefined ? null : <caption className="visually-hidden">{caption}</caption>}
        <thead>
          <tr>
            {columns.map((column) => {
              const { name, isNumber } = typeof column === "string" ? { name: column, isNumber: false } : column;
              return (
                <th key={name} scope="col" data-number={isNumber || undefined}>
                  {name}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody ref={body}>{children}</tbody>
      </table>
    </div>
  );
}
