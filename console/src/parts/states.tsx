import type { ReactNode } from "react";
import { ApiError } from "../api/client.ts";
import { Moment } from "../shell/clock.tsx";
import styles from "./parts.module.css";

/** Rows of the height that the true ones will have. */
export function Skeleton({ rows = 8 }: { rows?: number }) {
  return (
    <div aria-busy="true">
      <span className="visually-hidden">Loading…</span>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows that are all alike
        <div key={row} className={styles.skeleton} aria-hidden="true" />
      ))}
    </div>
  );
}

/** Nothing to show, and what to do about it. */
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

/** What went wrong, in words, with the code that the manual explains. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const known = error instanceof ApiError ? error : null;
  const code = known?.problem?.code;
  return (
    <div className={`${styles.note} ${styles.problem}`} role="alert">
      <p>
        <strong>{titleOf(known, error)}</strong>
      </p>
      <p>{known?.isAway ? "This page asks again by itself, and shows what it knows until then." : known?.hint}</p>
      {code === undefined ? null : (
        <p className={styles.muted}>
          Code <code>{code}</code>
        </p>
      )}
      {onRetry === undefined ? null : (
        <p>
          <button type="button" className={styles.button} onClick={onRetry}>
            Ask again
          </button>
        </p>
      )}
    </div>
  );
}

function titleOf(known: ApiError | null, error: unknown): string {
  if (known === null) return error instanceof Error ? error.message : String(error);
  if (known.status === 403) return `Not allowed: ${known.message}`;
  if (known.status === 404) return `Not here: ${known.message}. Retention may have removed it.`;
  return known.message;
}

/** Says that what is shown is not the newest, and of when it is. */
export function Stale({ error, at }: { error: unknown; at: number }) {
  if (error === null || error === undefined) return null;
  return (
    <div className={styles.stale} role="status">
      Data from {at === 0 ? "before" : <Moment at={new Date(at).toISOString()} isTimeOnly={true} isBare={true} />}:{" "}
      {error instanceof Error ? error.message : "it could not be read again"}
    </div>
  );
}

/**
 * What every read goes through: skeleton at first, the data with a banner when it could not be read again, or the
 * problem when there is nothing to show.
 */
export function Loaded<T>({
  of,
  rows,
  children,
}: {
  of: {
    readonly data: T | undefined;
    readonly error: unknown;
    readonly dataUpdatedAt: number;
    readonly refetch: () => unknown;
  };
  rows?: number;
  children: (data: T) => ReactNode;
}) {
  if (of.data === undefined)
    return of.error === null ? (
      <Skeleton {...(rows === undefined ? {} : { rows })} />
    ) : (
      <Problem error={of.error} onRetry={() => void of.refetch()} />
    );
  return (
    <>
      <Stale error={of.error} at={of.dataUpdatedAt} />
      {children(of.data)}
    </>
  );
}
