import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { RunDetail } from "@wire/run.ts";
import { type FormEvent, useEffect } from "react";
import { live } from "../../api/live.ts";
import { queries } from "../../api/queries.ts";
import { Button, baseStyles, PageHeader } from "../../components/basics.tsx";
import { Page, RunLink } from "../../components/page.tsx";
import { Empty, Loaded, Problem } from "../../components/states.tsx";
import styles from "./compare.module.css";
import { Comparison } from "./comparison.tsx";
import { findRun, lastCompletedRun } from "./find.ts";

/** Two runs side by side, with their first difference. */
export function ComparePage() {
  const search = useSearch({ from: "/compare" });
  const navigate = useNavigate({ from: "/compare" });
  const foundA = useQuery(findRun(search.a));
  const a = useQuery({ ...queries.run(foundA.data ?? ""), enabled: foundA.data !== undefined });
  const foundB = useQuery(findRun(search.b));
  const good = useQuery({ ...lastCompletedRun(a.data), enabled: search.b === undefined && a.data !== undefined });
  const idB = search.b === undefined ? (good.data ?? undefined) : foundB.data;
  const b = useQuery({ ...queries.run(idB ?? ""), enabled: idB !== undefined });
  useLive(foundA.data);
  useLive(idB);
  return (
    <Page>
      <PageHeader title="Compare" about={search.b === undefined ? "with the last completed run" : undefined}>
        {a.data === undefined || b.data === undefined ? null : (
          <Button onClick={() => void navigate({ search: { a: b.data?.id, b: a.data?.id }, replace: true })}>
            Swap sides
          </Button>
        )}
      </PageHeader>
      <RunPicker
        key={`${search.a} ${search.b}`}
        a={search.a}
        b={search.b ?? idB}
        onSelect={(next) => void navigate({ search: next })}
      />
      {search.a === undefined ? (
        <Empty title="Select two runs">
          <p>
            Enter ids, id prefixes or business keys. You can also press d on the page of a run, or use the links on the
            page of a cause.
          </p>
        </Empty>
      ) : foundA.isError ? (
        <Problem error={foundA.error} />
      ) : (
        <Loaded query={a} rows={6}>
          {(one) =>
            search.b !== undefined && foundB.isError ? (
              <Problem error={foundB.error} />
            ) : search.b === undefined && good.data === null ? (
              <NoCompletedRun run={one} />
            ) : good.isError ? (
              <Problem error={good.error} onRetry={() => void good.refetch()} />
            ) : (
              <Loaded query={b} rows={6}>
                {(two) => <Comparison a={one} b={two} />}
              </Loaded>
            )
          }
        </Loaded>
      )}
    </Page>
  );
}

function useLive(id: string | undefined): void {
  useEffect(() => (id === undefined ? undefined : live.subscribe(`run:${id}`)), [id]);
}

function RunPicker({
  a,
  b,
  onSelect,
}: {
  a: string | undefined;
  b: string | undefined;
  onSelect: (next: { a?: string; b?: string }) => void;
}) {
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const text = (name: string): string | undefined => String(given.get(name) ?? "").trim() || undefined;
    onSelect({ a: text("a"), b: text("b") });
  };
  return (
    <form className={styles.picker} onSubmit={submit}>
      <label>
        <span>Run A: id or key</span>
        <input name="a" className={baseStyles.input} defaultValue={a} spellCheck={false} autoComplete="off" />
      </label>
      <label>
        <span>Run B; default: last completed run</span>
        <input key={b} name="b" className={baseStyles.input} defaultValue={b} spellCheck={false} autoComplete="off" />
      </label>
      <Button type="submit">Compare</Button>
    </form>
  );
}

function NoCompletedRun({ run }: { run: RunDetail }) {
  return (
    <Empty title={`No other completed run of ${run.name} v${run.version}`}>
      <p>
        There is no completed run to compare <RunLink id={run.id}>{run.key ?? run.id}</RunLink> with. Enter another run
        above, for example a{" "}
        <Link to="/runs" search={{ q: `name:${run.name} status:completed` }}>
          completed run of another version
        </Link>
        .
      </p>
    </Empty>
  );
}
