import type { ReactNode } from "react";
import { ApiError } from "../api/client.ts";
import { Timestamp } from "../shell/clock.tsx";
import styles from "./basics.module.css";

/** Placeholder rows with the height of the real ones. */
export function Skeleton({ rows = 8 }: { rows?: number }) {
  return (
    <div aria-busy="true">
      <span className="visually-hidden">Loading…</span>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all rows are identical
        <div key={row} className={styles.skeleton} aria-hidden="true" />
      ))}
    </div>
  );
}

/** An empty state: what is empty and what to do. */
export function Empty({ title, children }: { title: ReactNode; children?: ReactNode }) {
  return (
    <div className={styles.note}>
      <p>
        <strong>{title}</strong>
      </p>
      {children}
    </div>
  );
}

/** An error message with its hint and error code. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const known = error instanceof ApiError ? error : null;
  const code = known?.problem?.code;
  return (
    <div className={`${styles.note} ${styles.problem}`} role="alert">
      <p>
        <strong>{titleOf(known, error)}</strong>
      </p>
      <p>{known?.isUnreachable ? "This page retries automatically." : known?.hint}</p>
      {code === undefined ? null : (
        <p className={styles.muted}>
          Code <code>{code}</code>
        </p>
      )}
      {onRetry === undefined ? null : (
        <p>
          <button type="button" className={styles.button} onClick={onRetry}>
            Try again
          </button>
        </p>
      )}
    </div>
  );
}

function titleOf(known: ApiError | null, error: unknown): string {
  if (known === null) return error instanceof Error ? error.message : String(error);
  if (known.status === 403) return `Not allowed: ${known.message}`;
  if (known.status === 404) return `Not found: ${known.message}`;
  return known.message;
}

/** A banner for outdated data: the time of the data and why it could not be refreshed. */
export function Stale({ error, at }: { error: unknown; at: number }) {
  if (error === null || error === undefined) return null;
  return (
    <div className={styles.stale} role="status">
      Data from{" "}
      {at === 0 ? "earlier" : <Timestamp at={new Date(at).toISOString()} isTimeOnly={true} isZoneHidden={true} />}:{" "}
      {error instanceof Error ? error.message : "it could not be refreshed"}
    </div>
  );
}

/**
 * Renders a query: a skeleton while it loads, then the data, with a banner if a refresh failed. If there is no data, it
 * shows the error.
 */
export function Loaded<T>({
  query,
  rows,
  children,
}: {
  query: {
    readonly data: T | undefined;
    readonly error: unknown;
    readonly dataUpdatedAt: number;
    readonly refetch: () => unknown;
  };
  rows?: number;
  children: (data: T) => ReactNode;
}) {
  if (query.data === undefined)
    return query.error === null ? (
      <Skeleton {...(rows === undefined ? {} : { rows })} />
    ) : (
      <Problem error={query.error} onRetry={() => void query.refetch()} />
    );
  return (
    <>
      <Stale error={query.error} at={query.dataUpdatedAt} />
      {children(query.data)}
    </>
  );
}
