import { Link, type LinkProps } from "@tanstack/react-router";
import { partStyles } from "./parts.tsx";

/** On through a list of many pages: each has its own address, so that Back leads to the page before. */
export function Older({
  to,
  params,
  page,
  next,
  what,
}: {
  to: NonNullable<LinkProps["to"]>;
  params?: Readonly<Record<string, string>>;
  /** Where this page begins; null of the first. */
  page: string | null;
  next: string | null;
  /** Such as "runs". */
  what: string;
}) {
  if (page === null && next === null) return null;
  const link = (search: { page?: string }, label: string) => (
    <Link className={partStyles.button} {...({ to, params, search } as LinkProps)}>
      {label}
    </Link>
  );
  return (
    <nav className={partStyles.headActs} aria-label={`Pages of ${what}`}>
      {page === null ? null : link({}, `Newest ${what}`)}
      {next === null ? null : link({ page: next }, `Older ${what}`)}
    </nav>
  );
}
