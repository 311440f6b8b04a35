import type { ReactNode, Ref } from "react";
import { baseStyles } from "./basics.tsx";

/** The name of a column; `isNumber` aligns its values to the right. */
export type Column = string | { readonly name: string; readonly isNumber: boolean };

/**
 * A table that scrolls horizontally if it is too wide. On a phone each row is a card, and each cell is labelled by its
 * `data-label`. `isBare` removes the frame, for use inside a section.
 */
export function Table({
  caption,
  columns,
  className = "",
  isBare = false,
  body,
  children,
}: {
  /** Describes the table for screen readers. */
  caption?: ReactNode;
  columns: readonly Column[];
  className?: string | undefined;
  isBare?: boolean;
  body?: Ref<HTMLTableSectionElement>;
  children: ReactNode;
}) {
  return (
    <div className={isBare ? baseStyles.scrollX : `${baseStyles.panel} ${baseStyles.scrollX}`}>
      <table className={`${baseStyles.table} ${baseStyles.cards} ${className}`}>
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
