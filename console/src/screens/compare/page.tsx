import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { RunDetail } from "@wire/run.ts";
import { type FormEvent, useEffect } from "react";
import { live } from "../../api/live.ts";
import { reads } from "../../api/queries.ts";
import { Page, RunLink } from "../../parts/page.tsx";
import { Button, Head, partStyles } from "../../parts/parts.tsx";
import { Empty, Loaded, Problem } from "../../parts/states.tsx";
import { Both } from "./both.tsx";
import styles from "./compare.module.css";
import { findRun, lastGood } from "./find.ts";

/** Two runs side by side: where do they part, and by what? */
export function ComparePage() {
  const search = useSearch({ from: "/compare" });
  const navigate = useNavigate({ from: "/compare" });
  const foundA = useQuery(findRun(search.a));
  const a = useQuery({ ...reads.run(foundA.data ?? ""), enabled: foundA.data !== undefined });
  const foundB = useQuery(findRun(search.b));
  const good = useQuery({ ...lastGood(a.data), enabled: search.b === undefined && a.data !== undefined });
  const idB = search.b === undefined ? (good.data ?? undefined) : foundB.data;
  const b = useQuery({ ...reads.run(idB ?? ""), enabled: idB !== undefined });
  useLive(foundA.data);
  useLive(idB);
  return (
    <Page>
      <Head title="Compare" about={search.b === undefined ? "with the last completed run" : undefined}>
        {a.data === undefined || b.data === undefined ? null : (
          <Button onClick={() => void navigate({ search: { a: b.data?.id, b: a.data?.id }, replace: true })}>
            Swap sides
          </Button>
        )}
      </Head>
      <Choose
        key={`${search.a} ${search.b}`}
        a={search.a}
        b={search.b ?? idB}
        onChoose={(next) => void navigate({ search: next })}
      />
      {search.a === undefined ? (
        <Empty title="Choose two runs">
          <p>
            Ids, beginnings of ids, or business keys. A run's page leads here with its key d, a cause with its newest
            run.
          </p>
        </Empty>
      ) : foundA.isError ? (
        <Problem error={foundA.error} />
      ) : (
        <Loaded of={a} rows={6}>
          {(one) =>
            search.b !== undefined && foundB.isError ? (
              <Problem error={foundB.error} />
            ) : search.b === undefined && good.data === null ? (
              <NoPartner run={one} />
            ) : good.isError ? (
              <Problem error={good.error} onRetry={() => void good.refetch()} />
            ) : (
              <Loaded of={b} rows={6}>
                {(two) => <Both a={one} b={two} />}
              </Loaded>
            )
          }
        </Loaded>
      )}
    </Page>
  );
}

function useLive(id: string | undefined): void {
  useEffect(() => (id === undefined ? undefined : live.want(`run:${id}`)), [id]);
}

function Choose({
  a,
  b,
  onChoose,
}: {
  a: string | undefined;
  b: string | undefined;
  onChoose: (next: { a?: string; b?: string }) => void;
}) {
  const choose = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const text = (name: string): string | undefined => String(given.get(name) ?? "").trim() || undefined;
    onChoose({ a: text("a"), b: text("b") });
  };
  return (
    <form className={styles.choose} onSubmit={choose}>
      <label>
        <span>Run A: id or key</span>
        <input name="a" className={partStyles.input} defaultValue={a} spellCheck={false} autoComplete="off" />
      </label>
      <label>
        <span>Run B; empty: the last completed one</span>
        <input key={b} name="b" className={partStyles.input} defaultValue={b} spellCheck={false} autoComplete="off" />
      </label>
      <Button type="submit">Compare</Button>
    </form>
  );
}

function NoPartner({ run }: { run: RunDetail }) {
  return (
    <Empty title={`No other run of ${run.name} v${run.version} has completed yet`}>
      <p>
        There is nothing good to compare <RunLink id={run.id}>{run.key ?? run.id}</RunLink> with. Name another run
        above, for example one of{" "}
        <Link to="/runs" search={{ q: `name:${run.name} status:completed` }}>
          its other versions
        </Link>
        .
      </p>
    </Empty>
  );
}
