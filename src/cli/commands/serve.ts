import { type Escaped, type EscapeRules, onEscape } from "../../app/escapes.ts";
import { type Instance, openInstance } from "../../app/instance.ts";
import { type EffectiveConfig, loadConfig, storeOf } from "../../app/load-config.ts";
import { describeProblem, shown } from "../../app/load-problem.ts";
import { type RunningServer, startServer } from "../../app/server.ts";
import { showStore } from "../../app/store-address.ts";
import type { DefinitionProblem } from "../../wire/definition.ts";
import { type CommandContext, runCommand } from "../command.ts";
import type { Globals } from "../connect.ts";
import { CliError, type Exit, exit } from "../exit.ts";
import type { Io } from "../io.ts";
import { plain } from "../text.ts";

export interface ServeOptions extends Globals {
  readonly slots?: string;
  readonly queues?: string;
  readonly host?: string;
  readonly port?: string;
  readonly readOnly?: boolean;
}

/** How a process serves: with or without watching its folder, with or without a worker. */
export interface Serving {
  readonly isWatching: boolean;
  readonly folder?: string;
  /** Default true. */
  readonly works?: boolean;
}

/** `baton start`, with `isWatching` `baton dev`, without work `baton server`: serves until it is stopped. */
export function serve(options: ServeOptions, how: Serving): Promise<Exit> {
  return runCommand(options, async (context) => {
    const { io } = context;
    const config = await loadConfig({ ...options, ...(how.folder === undefined ? {} : { folder: how.folder }) });
    if (how.works === false) refuseFile(config, "baton server");
    const log = (level: string, message: string, fields?: Readonly<Record<string, unknown>>): void =>
      logLine(io, level, message, fields);
    const logger = { log };
    let server: RunningServer | null = null;
    let isCrashing = false;
    // Before the first run continues, so that a run that crashes at once is reported too.
    const stopListening = onEscape(
      logger,
      rulesFor(
        () => server?.instance ?? null,
        (escaped) => {
          if (!isCrashing) crash(io, server, escaped);
          isCrashing = true;
        },
      ),
    );
    try {
      server = await startServer({
        config,
        isWatching: how.isWatching,
        works: how.works ?? true,
        logger,
        onReload: ({ names, problems }) => {
          tellProblems(io, problems);
          io.say(`reloaded: ${names.join(", ") || "no definitions"}`);
        },
      });
      greet(io, server, how);
      await untilStopped(context);
      io.say(how.works === false ? "stopping" : "stopping; runs continue after the next start");
      await server.close();
    } finally {
      stopListening();
    }
    return exit.ok;
  });
}

/** `instance`: null until it is open. */
function rulesFor(instance: () => Instance | null, onCrash: EscapeRules["crash"]): EscapeRules {
  return {
    crash: onCrash,
    runRejected: (...rejection) => instance()?.engine.runRejected(...rejection) ?? false,
    rejectionHandled: (...handled) => instance()?.engine.rejectionHandled(...handled),
    countRejection: () => instance()?.countRejection(),
  };
}

/** Longer than it takes to release the other runs; what still hangs then is abandoned. */
const crashMaxMs = 5_000;

/** Ends the process. If the source of the error is unknown, all runs are suspected and none is released. */
function crash(io: Io, server: Pick<RunningServer, "crash"> | null, { run }: Escaped): void {
  if (run === null || server === null) process.exit(exit.failed);
  setTimeout(() => process.exit(exit.failed), crashMaxMs);
  server
    .crash(run.no)
    .catch((error: unknown) => io.say(`error: ${String(error)}`))
    .finally(() => process.exit(exit.failed));
}

function greet(io: Io, server: RunningServer, { isWatching: isDev, works = true }: Serving): void {
  const { definitions, problems, from } = server.instance.loaded();
  tellProblems(io, problems);
  if (server.takenPort !== null) io.say(`port ${server.takenPort} is in use; using ${server.port}`);
  const names = definitions.map((definition) => definition.name);
  if (io.format !== "human") {
    io.document({ url: server.url, pid: process.pid, store: server.store, definitions: names, problems });
    return;
  }
  const count = names.length === 1 ? "1 workflow" : `${names.length} workflows`;
  const first = names[0] ?? "<name>";
  io.lines([
    `console ${server.url}  (${count} loaded from ${from}${names.length === 0 ? "" : `: ${names.join(", ")}`})`,
    `store   ${shown(server.store)}`,
    ...(isDev ? [`try     baton run ${first} --input '{}' --watch   or   baton show latest`] : []),
    works
      ? "press Ctrl-C to stop; runs continue after the next start"
      : "press Ctrl-C to stop; runs execute on the workers",
  ]);
}

/** `baton worker`: executes runs until it is stopped, without a server. */
export function work(options: ServeOptions): Promise<Exit> {
  return runCommand(options, async (context) => {
    const { io } = context;
    const config = await loadConfig(options);
    refuseFile(config, "baton worker");
    const log = (level: string, message: string, fields?: Readonly<Record<string, unknown>>): void =>
      logLine(io, level, message, fields);
    let instance: Instance | null = null;
    let isCrashing = false;
    const stopListening = onEscape(
      { log },
      rulesFor(
        () => instance,
        (escaped) => {
          const opened = instance;
          if (!isCrashing) crash(io, opened === null ? null : { crash: (guilty) => opened.close(guilty) }, escaped);
          isCrashing = true;
        },
      ),
    );
    try {
      instance = await openInstance({ config, mode: "work", logger: { log }, hosts: () => [] });
      greetWorker(io, config, instance);
      await untilStopped(context);
      io.say("stopping; unfinished runs are released to other workers");
      await instance.close();
    } finally {
      stopListening();
    }
    return exit.ok;
  });
}

function greetWorker(io: Io, config: EffectiveConfig, instance: Instance): void {
  const { definitions, problems, from } = instance.loaded();
  tellProblems(io, problems);
  const names = definitions.map((definition) => definition.name);
  const store = showStore(storeOf(config));
  const { slots, queues } = config;
  if (io.format !== "human") {
    io.document({ pid: process.pid, store, slots: slots.value, queues: queues.value, definitions: names, problems });
    return;
  }
  const count = names.length === 1 ? "1 workflow" : `${names.length} workflows`;
  io.lines([
    `worker ${slots.value} slots, queues ${queues.value?.join(", ") ?? "all"}  (${count} loaded from ${from}${names.length === 0 ? "" : `: ${names.join(", ")}`})`,
    `store  ${shown(store)}`,
    "press Ctrl-C to stop; unfinished runs are released to other workers",
  ]);
}

/** A SQLite file has one process, which does everything. */
function refuseFile(config: EffectiveConfig, command: string): void {
  if (storeOf(config).kind === "postgres") return;
  throw new CliError(exit.usage, "usage", `${command} needs a PostgreSQL store: a SQLite file allows one process`, {
    hint: "use baton start, or pass a store with --store postgres://…",
  });
}

function tellProblems(io: Io, problems: readonly DefinitionProblem[]): void {
  for (const problem of problems) io.say(`error: ${describeProblem(problem)}`);
}

function logLine(io: Io, level: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  if (level !== "debug" && level !== "info") io.say(`${level}: ${plain(message)} ${JSON.stringify(fields)}`);
}

function untilStopped({ signal }: CommandContext): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
