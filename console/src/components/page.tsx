import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { baseStyles } from "./basics.tsx";
import styles from "./page.module.css";

/** The content of a page as a column with equal gaps; `isNarrow` limits its width for reading. */
export function Page({ isNarrow = false, children }: { isNarrow?: boolean; children: ReactNode }) {
  return (
    <div className={styles.page} data-narrow={isNarrow}>
      {children}
    </div>
  );
}

/** Links to the parent pages. */
export function Breadcrumbs({ children }: { children: ReactNode }) {
  return (
    <nav className={styles.crumbs} aria-label="Breadcrumb">
      {children}
    </nav>
  );
}

/** A name and its value. */
export interface Fact {
  readonly name: string;
  readonly value: ReactNode;
}

/**
 * A list of names and values, in a wrapping row, or one per line if stacked. Entries without a value are omitted.
 */
export function Facts({ facts, isStacked = false }: { facts: readonly Fact[]; isStacked?: boolean }) {
  return (
    <dl className={isStacked ? styles.stacked : styles.facts}>
      {facts
        .filter(({ value }) => value !== null && value !== undefined && value !== "")
        .map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** Large figures, each with a name and an optional note. */
export function Tiles({ tiles }: { tiles: readonly (Fact & { readonly about?: ReactNode })[] }) {
  return (
    <dl className={styles.tiles}>
      {tiles.map(({ name, value, about }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <strong>{value}</strong>
            {about === undefined || about === null ? null : <small>{about}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A framed section with a title and optional actions. */
export function Section({
  title,
  about,
  actions,
  isPadded = false,
  children,
}: {
  title: string;
  about?: ReactNode;
  actions?: ReactNode;
  isPadded?: boolean;
  children: ReactNode;
}) {
  return (
    <section className={styles.section} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {about === undefined ? null : <span>{about}</span>}
        {actions === undefined || actions === null ? null : <div className={styles.actions}>{actions}</div>}
      </header>
      {isPadded ? <div className={styles.padded}>{children}</div> : children}
    </section>
  );
}

/** A framed section without a visible title. */
export function Card({ label, children }: { label: string; children: ReactNode }) {
  return (
    <section className={styles.card} aria-label={label}>
      {children}
    </section>
  );
}

/**
 * Links to the first and the next page of a list. Each page has its own address, so Back leads to the previous page.
 * Renders nothing if there is only one page.
 */
export function Pager({
  to,
  params,
  search = {},
  page,
  next,
  what,
  words = ["Newest", "Older"],
}: {
  to: NonNullable<LinkProps["to"]>;
  params?: Readonly<Record<string, string>>;
  /** Other search parameters to keep. */
  search?: Readonly<Record<string, string | undefined>>;
  /** Page token of this page; null for the first. */
  page: string | null;
  next: string | null;
  /** What is listed, such as "runs". */
  what: string;
  /** Labels of the links to the first and the next page. */
  words?: readonly [string, string];
}) {
  if (page === null && next === null) return null;
  const [first, onward] = words;
  const link = (token: string | undefined, label: string) => (
    <Link className={baseStyles.button} {...({ to, params, search: { ...search, page: token } } as LinkProps)}>
      {label} {what}
    </Link>
  );
  return (
    <nav className={styles.pager} aria-label={`Pages of ${what}`}>
      {page === null ? null : link(undefined, first)}
      {next === null ? null : link(next, onward)}
    </nav>
  );
}

/** A link to a run; shows the id if there are no children. */
export function RunLink({ id, children }: { id: string; children?: ReactNode }) {
  return (
    <Link to="/runs/$id" params={{ id }}>
      {children ?? <code>{id}</code>}
    </Link>
  );
}

export { styles as pageStyles };
