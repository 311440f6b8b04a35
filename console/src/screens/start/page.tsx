import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { DefinitionDetail } from "@wire/definition.ts";
import type { RunDetail } from "@wire/run.ts";
import type { StartBody } from "@wire/start.ts";
import { useMemo, useState } from "react";
import { parseJson } from "../../actions/input-editor.tsx";
import { ApiError, post } from "../../api/client.ts";
import { invalidate, queries } from "../../api/queries.ts";
import { Button, Chip, PageHeader } from "../../components/basics.tsx";
import { Breadcrumbs, Page, Section } from "../../components/page.tsx";
import { Empty, Loaded, Problem } from "../../components/states.tsx";
import { fromWallClock } from "../../components/time.ts";
import { checkValue, type FieldProblem } from "../../form/check.ts";
import { SchemaForm } from "../../form/form.tsx";
import { fieldOf } from "../../form/model.ts";
import { ProblemSummary } from "../../form/problems.tsx";
import { initialValue, isSame, sortByField } from "../../form/value.ts";
import { announce } from "../../shell/announce.tsx";
import { useZone } from "../../shell/clock.tsx";
import { useReadOnly } from "../../shell/read-only.ts";
import { JsonInput } from "./json-input.tsx";
import { Options, type StartOptions } from "./options.tsx";
import styles from "./start.module.css";

/** Starts a run. The input is a form if the workflow declares a schema, else JSON. */
export function StartPage() {
  const { name } = useParams({ from: "/workflows/$name/start" });
  const definition = useQuery(queries.definition(name));
  const isReadOnly = useReadOnly();
  const server = useQuery(queries.server());
  return (
    <Page>
      <Breadcrumbs>
        <Link to="/workflows">Workflows</Link> /{" "}
        <Link to="/workflows/$name" params={{ name }}>
          {name}
        </Link>
      </Breadcrumbs>
      {definition.data === undefined ? <PageHeader title={`Start ${name}`} /> : null}
      <Loaded query={definition}>
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
      <PageHeader title={`Start ${name}`} />
      <Empty title="This server is read-only and cannot start runs">
        <p>Start it on a server with workers, or from a terminal:</p>
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
  const [value, setValue] = useState<unknown>(() => (field === null ? undefined : initialValue(field)));
  const [text, setText] = useState(() =>
    value === undefined ? (inputSchema === null ? "" : "{}") : formatJson(value),
  );
  const [more, setMore] = useState<StartOptions>({ key: "", idempotencyKey: "", at: "" });
  /** Number of failed submits. After the first one, validation errors are shown while the user edits. */
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
  const json = text.trim() === "" ? { value: undefined } : parseJson(text);
  const input = isForm ? value : "value" in json ? json.value : undefined;
  const found = inputSchema === null ? [] : (checkValue(inputSchema, input) ?? []);
  const refused = serverProblems(start.error, start.variables, input);
  const all = [...found, ...refused.filter(({ path }) => found.every((each) => each.path !== path))];
  const problems = field === null ? all : sortByField(field, all);
  const isJson = isForm || "value" in json;
  const submit = (): void => {
    if (start.isPending) return;
    if (!isJson || found.length > 0) setTries(tries + 1);
    else start.mutate(input);
  };
  const toForm = (isOn: boolean): void => {
    if (isOn && "value" in json) setValue(json.value);
    if (!isOn && value !== undefined) setText(formatJson(value));
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
      <PageHeader
        title={`Start ${name}`}
        about={used === undefined ? "all versions are drained; starts are refused" : `version ${used.version}`}
      />
      {tries > 0 && problems.length > 0 ? <ProblemSummary key={tries} problems={problems} id={formId} /> : null}
      {start.isError && refused.length === 0 ? <Problem error={start.error} /> : null}
      <Section
        title="Input"
        isPadded={true}
        actions={
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
        <Button type="submit" variant="primary" hint="Ctrl ↵" disabled={start.isPending}>
          {start.isPending ? "Starting…" : `Start ${name}`}
        </Button>
      </div>
    </form>
  );
}

/** Validation errors from the server, unless the input has changed since. */
function serverProblems(error: unknown, sent: unknown, input: unknown): readonly FieldProblem[] {
  if (!(error instanceof ApiError) || !isSame(sent, input)) return [];
  return (error.problem?.errors ?? []).map(({ path, message }) => ({
    path: path
      .replace(/^\/?input\b/, "")
      .replaceAll(/\.|\[(\d+)\]/g, (_all, index: string | undefined) => (index === undefined ? "/" : `/${index}`)),
    message,
  }));
}

function formatJson(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
