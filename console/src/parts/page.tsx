import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import styles from "./page.module.css";
import { Button } from "./parts.tsx";

/** The parts of a page lie below one another, with the same space between them. */
export function Page({ children }: { children: ReactNode }) {
  return <div className={styles.page}>{children}</div>;
}

/** The way up to the list that a page belongs to. */
export function Crumbs({ children }: { children: ReactNode }) {
  return (
    <nav className={styles.crumbs} aria-label="Where this is">
      {children}
    </nav>
  );
}

export interface Fact {
  readonly name: string;
  readonly value: ReactNode;
}

/** Names with their values in one line, or as many as it takes. Those without a value are left out. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className={styles.facts}>
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

/** Onward in a list that is read page by page; each page has its own address, so Back leads to the newer one. */
export function Pager({
  isFirst,
  hasMore,
  onFirst,
  onOlder,
  older = "Older",
  first = "Newest",
}: {
  isFirst: boolean;
  hasMore: boolean;
  onFirst: () => void;
  onOlder: () => void;
  older?: string;
  first?: string;
}) {
  if (isFirst && !hasMore) return null;
  return (
    <nav className={styles.pager} aria-label="Pages">
      <Button disabled={isFirst} onClick={onFirst}>
        {first}
      </Button>
      <Button disabled={!hasMore} onClick={onOlder}>
        {older}
      </Button>
    </nav>
  );
}

/** A run by the first part of its id, which says enough beside others. */
export function RunLink({ id, children }: { id: string; children?: ReactNode }) {
  return (
    <Link to="/runs/$id" params={{ id }}>
      {children ?? <code>{id}</code>}
    </Link>
  );
}

export { styles as pageStyles };
