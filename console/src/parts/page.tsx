import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import styles from "./page.module.css";
import { partStyles } from "./parts.tsx";

/** The parts of a page lie below one another, with the same space between them; a narrow one is read as text is. */
export function Page({ isNarrow = false, children }: { isNarrow?: boolean; children: ReactNode }) {
  return (
    <div className={styles.page} data-narrow={isNarrow}>
      {children}
    </div>
  );
}

/** The way up to the list that a page belongs to. */
export function Crumbs({ children }: { children: ReactNode }) {
  return (
    <nav className={styles.crumbs} aria-label="Where this is">
      {children}
    </nav>
  );
}

/** A name with its value. */
export interface Fact {
  readonly name: string;
  readonly value: ReactNode;
}

/**
 * Names with their values: in one line, or as many as it takes; stacked, one below the other. Those without a value are
 * left out.
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

/** Figures large enough to be read from afar, each with what it is and what it is made of. */
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

/** A part of a page in a frame, with its title and what may be done with it. */
export function Section({
  title,
  about,
  acts,
  isPadded = false,
  children,
}: {
  title: string;
  about?: ReactNode;
  acts?: ReactNode;
  isPadded?: boolean;
  children: ReactNode;
}) {
  return (
    <section className={styles.section} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {about === undefined ? null : <span>{about}</span>}
        {acts === undefined || acts === null ? null : <div className={styles.acts}>{acts}</div>}
      </header>
      {isPadded ? <div className={styles.padded}>{children}</div> : children}
    </section>
  );
}

/** A part of a page in a frame that needs no title of its own to be understood. */
export function Card({ label, children }: { label: string; children: ReactNode }) {
  return (
    <section className={styles.card} aria-label={label}>
      {children}
    </section>
  );
}

/**
 * On through a list that is read page by page. Each page has its own address, so that Back leads to the page before; it
 * shows nothing where there is one page.
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
  /** What the other pages are asked with too. */
  search?: Readonly<Record<string, string | undefined>>;
  /** Where this page begins; null of the first. */
  page: string | null;
  next: string | null;
  /** Such as "runs". */
  what: string;
  /** For the first page and for the next one. */
  words?: readonly [string, string];
}) {
  if (page === null && next === null) return null;
  const [first, onward] = words;
  const link = (token: string | undefined, label: string) => (
    <Link className={partStyles.button} {...({ to, params, search: { ...search, page: token } } as LinkProps)}>
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

/** A run by its id, or by what stands in its place. */
export function RunLink({ id, children }: { id: string; children?: ReactNode }) {
  return (
    <Link to="/runs/$id" params={{ id }}>
      {children ?? <code>{id}</code>}
    </Link>
  );
}

export { styles as pageStyles };
