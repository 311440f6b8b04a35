import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Guide, GuideActed, GuideStep } from "@wire/guide.ts";
import { useState } from "react";
import { post } from "../../api/client.ts";
import { invalidate, queries } from "../../api/queries.ts";
import { Button, baseStyles } from "../../components/basics.tsx";
import { Problem } from "../../components/states.tsx";
import { announce } from "../../shell/announce.tsx";
import { useReadOnly } from "../../shell/read-only.ts";
import styles from "./home.module.css";

/** The getting-started checklist. Its actions are real, and each step is marked done from the state of the store. */
export function GuideCard() {
  const { data } = useQuery(queries.guide());
  const [isShown, setShown] = useState(true);
  if (data === undefined) return null;
  const done = data.steps.filter((step) => step.isDone).length;
  const isOver = done === data.steps.length;
  return (
    <section className={styles.guide} aria-label={data.title}>
      <header>
        <h2>{isOver ? `${data.title}: all done` : data.title}</h2>
        <progress value={done} max={data.steps.length} aria-label={`${done} of ${data.steps.length} done`} />
        <span className={baseStyles.muted}>
          {done} of {data.steps.length}
        </span>
        <Button variant="quiet" aria-expanded={isShown} onClick={() => setShown(!isShown)}>
          {isShown ? "Hide" : "Show"}
        </Button>
      </header>
      {isShown ? (
        <>
          <p className={baseStyles.muted}>{data.intro}</p>
          <Steps guide={data} />
        </>
      ) : null}
    </section>
  );
}

function Steps({ guide }: { guide: Guide }) {
  const next = guide.steps.find((step) => !step.isDone)?.id;
  return (
    <ol className={styles.steps}>
      {guide.steps.map((step, i) => (
        <Step key={step.id} step={step} number={i + 1} isNext={step.id === next} />
      ))}
    </ol>
  );
}

function Step({ step, number, isNext }: { step: GuideStep; number: number; isNext: boolean }) {
  const isReadOnly = useReadOnly();
  const blocked = isNext ? step.acts.flatMap((each) => each.blocked ?? []) : [];
  const act = useMutation({
    mutationFn: (id: string) => post<GuideActed>(`/api/guide/${encodeURIComponent(id)}`),
    onSuccess: ({ text }) => {
      announce(text);
      invalidate("guide", "home", "facets", "definitions");
    },
  });
  return (
    <li data-done={step.isDone} data-next={isNext}>
      <span className={styles.tick}>
        <span aria-hidden="true">{step.isDone ? "✓" : number}</span>
        <span className="visually-hidden">{step.isDone ? "Done:" : "To do:"}</span>
      </span>
      <div>
        <h3>{step.title}</h3>
        <p>{step.text}</p>
        {act.isError ? <Problem error={act.error} /> : null}
      </div>
      <div className={styles.stepActions}>
        {step.acts.map((each) => (
          <Button
            key={each.id}
            variant={isNext ? "primary" : undefined}
            disabled={each.blocked !== null || isReadOnly || act.isPending}
            title={isNext ? undefined : (each.blocked ?? undefined)}
            onClick={() => act.mutate(each.id)}
          >
            {each.label}
          </Button>
        ))}
        {step.run === null ? null : (
          <Link className={baseStyles.button} to="/runs/$id" params={{ id: step.run }}>
            View run
          </Link>
        )}
        {[...new Set(blocked)].map((why) => (
          <p key={why} className={styles.blocked}>
            {why}
          </p>
        ))}
      </div>
    </li>
  );
}
