import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { DefinitionDetail } from "@wire/definition.ts";
import type { RunDetail } from "@wire/run.ts";
import type { StartBody } from "@wire/start.ts";
import { useMemo, useState } from "react";
import { readJson } from "../../acts/input-editor.tsx";
import { ApiError, post } from "../../api/client.ts";
import { invalidate, reads } from "../../api/queries.ts";
import { checkValue, type FieldProblem } from "../../form/check.ts";
import { SchemaForm } from "../../form/form.tsx";
import { fieldOf } from "../../form/model.ts";
import { ProblemSummary } from "../../form/problems.tsx";
import { inOrder, isSame, startValue } from "../../form/value.ts";
import { Crumbs, Page, Section } from "../../parts/page.tsx";
import { Button, Chip, Head } from "../../parts/parts.tsx";
import { Empty, Loaded, Problem } from "../../parts/states.tsx";
import { fromWallClock } from "../../parts/time.ts";
import { announce } from "../../shell/announce.tsx";
import { useZone } from "../../shell/clock.tsx";
import { useReadOnly } from "../../shell/read-only.ts";
import { JsonInput } from "./json-input.tsx";
import { Options, type StartOptions } from "./options.tsx";
import styles from "./start.module.css";

/** Starts a run: its input as a form, by what the workflow says that it takes. */
export function StartPage() {
  const { name } = useParams({ from: "/workflows/$name/start" });
  const definition = useQuery(reads.definition(name));
  const isReadOnly = useReadOnly();
  const server = useQuery(reads.server());
  return (
    <Page>
      <Crumbs>
        <Link to="/workflows">Workflows</Link> /{" "}
        <Link to="/workflows/$name" params={{ name }}>
          {name}
        </Link>
      </Crumbs>
      {definition.data === undefined ? <Head title={`Start ${name}`} /> : null}
      <Loaded of={definition}>
        {(data) =>
          isReadOnly && server.data !== undefined ? (
            <ReadOnly name={name} />
          ) : (
            <Start key={data.name} definition={data} />
          )
        }
      </Loaded>
    </Page>
  );
}

function ReadOnly({ name }: { name: string }) {
  return (
    <>
      <Head title={`Start ${name}`} />
      <Empty title="This server is read-only: it starts no runs">
        <p>Start it where the workers are, or from a terminal:</p>
        <pre>{`npx baton run ${name} --input '{}' --watch`}</pre>
      </Empty>
    </>
  );
}

const formId = "input";

function Start({ definition }: { definition: DefinitionDetail }) {
  const { name, inputSchema } = definition;
  const search = useSearch({ from: "/workflows/$name/start" });
  const navigate = useNavigate({ from: "/workflows/$name/start" });
  const zone = useZone();
  const field = useMemo(() => (inputSchema === null ? null : fieldOf(inputSchema)), [inputSchema]);
  const isForm = field !== null && field.kind !== "json" && search.as !== "json";
  const [value, setValue] = useState<unknown>(() => (field === null ? undefined : startValue(field)));
  const [text, setText] = useState(() => (value === undefined ? (inputSchema === null ? "" : "{}") : pretty(value)));
  const [more, setMore] = useState<StartOptions>({ key: "", idempotencyKey: "", at: "" });
  /** How often it was asked for in vain: from the first time on what is wrong is told while it is mended. */
  const [tries, setTries] = useState(0);
  const used = definition.versions.find((version) => version.isUsed);

  const start = useMutation({
    mutationFn: (input: unknown) => {
      const at = fromWallClock(more.at, zone);
      return post<RunDetail>("/api/runs", {
        name,
        ...(input === undefined ? {} : { input }),
        ...(more.key.trim() === "" ? {} : { key: more.key.trim() }),
        ...(more.idempotencyKey.trim() === "" ? {} : { idempotencyKey: more.idempotencyKey.trim() }),
        ...(at === null ? {} : { at }),
      } satisfies StartBody);
    },
    onSuccess: (run) => {
      announce(`Started ${name}`);
      invalidate("facets", "home", "definitions", "guide");
      void navigate({ to: "/runs/$id", params: { id: run.id } });
    },
    onError: () => setTries((n) => n + 1),
  });
  const json = text.trim() === "" ? { value: undefined } : readJson(text);
  const input = isForm ? value : "value" in json ? json.value : undefined;
  const found = inputSchema === null ? [] : (checkValue(inputSchema, input) ?? []);
  const refused = placesOf(start.error, start.variables, input);
  const all = [...found, ...refused.filter(({ path }) => found.every((each) => each.path !== path))];
  const problems = field === null ? all : inOrder(field, all);
  const isJson = isForm || "value" in json;
  const submit = (): void => {
    if (start.isPending) return;
    if (!isJson || found.length > 0) setTries(tries + 1);
    else start.mutate(input);
  };
  const toForm = (isOn: boolean): void => {
    if (isOn && "value" in json) setValue(json.value);
    if (!isOn && value !== undefined) setText(pretty(value));
    void navigate({ search: isOn ? {} : { as: "json" }, replace: true, resetScroll: false });
  };
  return (
    <form
      className={styles.page}
      noValidate={true}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        submit();
      }}
    >
      <Head
        title={`Start ${name}`}
        about={used === undefined ? "every version is drained: a start is refused" : `version ${used.version}`}
      />
      {tries > 0 && problems.length > 0 ? <ProblemSummary key={tries} problems={problems} id={formId} /> : null}
      {start.isError && refused.length === 0 ? <Problem error={start.error} /> : null}
      <Section
        title="Input"
        isPadded={true}
        acts={
          field === null || field.kind === "json" ? null : (
            <>
              <Chip isPressed={isForm} onClick={() => toForm(true)} disabled={!isJson}>
                Form
              </Chip>
              <Chip isPressed={!isForm} onClick={() => toForm(false)}>
                JSON
              </Chip>
            </>
          )
        }
      >
        {isForm ? (
          <SchemaForm
            field={field}
            value={value}
            onChange={setValue}
            problems={tries > 0 ? problems : []}
            id={formId}
          />
        ) : (
          <JsonInput
            id={formId}
            text={text}
            onText={setText}
            problem={"problem" in json ? json.problem : null}
            hasSchema={inputSchema !== null}
          />
        )}
      </Section>
      <Options options={more} zone={zone} onChange={setMore} />
      <div className={styles.foot}>
        <Button type="submit" look="primary" hint="Ctrl ↵" disabled={start.isPending}>
          {start.isPending ? "Starting…" : `Start ${name}`}
        </Button>
      </div>
    </form>
  );
}

/** What the server refused of the input that is still there. */
function placesOf(error: unknown, sent: unknown, input: unknown): readonly FieldProblem[] {
  if (!(error instanceof ApiError) || !isSame(sent, input)) return [];
  return (error.problem?.errors ?? []).map(({ path, message }) => ({
    path: path
      .replace(/^\/?input\b/, "")
      .replaceAll(/\.|\[(\d+)\]/g, (_all, index: string | undefined) => (index === undefined ? "/" : `/${index}`)),
    message,
  }));
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
