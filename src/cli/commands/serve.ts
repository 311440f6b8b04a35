import { type Escaped, onEscape } from "../../app/escapes.ts";
import { loadConfig } from "../../app/load-config.ts";
import { describeProblem, shown } from "../../app/load-problem.ts";
import { type RunningServer, startServer } from "../../app/server.ts";
import type { DefinitionProblem } from "../../wire/definition.ts";
import { type Session, session } from "../command.ts";
import type { Globals } from "../connect.ts";
import { type Exit, exit } from "../exit.ts";
import type { Io } from "../io.ts";
import { plain } from "../text.ts";

export interface ServeOptions extends Globals {
  readonly host?: string;
  readonly port?: string;
  readonly readOnly?: boolean;
}

/** `baton start` and, with `isWatching`, `baton dev`: serves until it is told to stop. */
export function serve(options: ServeOptions, how: { isWatching: boolean; folder?: string }): Promise<Exit> {
  return session(options, async (around) => {
    const { io } = around;
    const config = await loadConfig({ ...options, ...(how.folder === undefined ? {} : { folder: how.folder }) });
    const log = (level: string, message: string, fields?: Readonly<Record<string, unknown>>): void =>
      logLine(io, level, message, fields);
    const logger = { log };
    let server: RunningServer | null = null;
    let isCrashing = false;
    // From before the first run goes on: one that dies at once is told like any other.
    const stopListening = onEscape(logger, (escaped) => {
      if (!isCrashing) crash(io, server, escaped);
      isCrashing = true;
    });
    try {
      server = await startServer({
        config,
        isWatching: how.isWatching,
        logger,
        onReload: ({ names, problems }) => {
          tellProblems(io, problems);
          io.say(`reloaded: ${names.join(", ") || "no definitions"}`);
        },
      });
      greet(io, server, how.isWatching);
      await untilStopped(around);
      io.say("stopping; runs continue on the next start");
      await server.close();
    } finally {
      stopListening();
    }
    return exit.ok;
  });
}

/** Longer than neighbours of a guilty run take to be handed back; whatever hangs then is left as it is. */
const crashMaxMs = 5_000;

/** Ends the process. When nobody knows whose error it was, all runs count as suspects and none is handed back. */
function crash(io: Io, server: RunningServer | null, { run }: Escaped): void {
  if (run === null || server === null) process.exit(exit.failed);
  setTimeout(() => process.exit(exit.failed), crashMaxMs);
  server
    .crash(run.no)
    .catch((error: unknown) => io.say(`error: ${String(error)}`))
    .finally(() => process.exit(exit.failed));
}

function greet(io: Io, server: RunningServer, isDev: boolean): void {
  const { definitions, problems, from } = server.instance.loaded();
  tellProblems(io, problems);
  if (server.takenPort !== null) io.say(`port ${server.takenPort} is taken; using ${server.port}`);
  const names = definitions.map((definition) => definition.name);
  if (io.format !== "human") {
    io.document({ url: server.url, pid: process.pid, store: server.store, definitions: names, problems });
    return;
  }
  const count = names.length === 1 ? "1 workflow" : `${names.length} workflows`;
  const first = names[0] ?? "<name>";
  io.lines([
    `api    ${server.url}  (${count} loaded from ${from}${names.length === 0 ? "" : `: ${names.join(", ")}`})`,
    `store  ${shown(server.store)}`,
    ...(isDev ? [`try    baton run ${first} --input '{}' --watch   or   baton show latest`] : []),
    "Ctrl-C to stop; runs continue on the next start",
  ]);
}

function tellProblems(io: Io, problems: readonly DefinitionProblem[]): void {
  for (const problem of problems) io.say(`error: ${describeProblem(problem)}`);
}

function logLine(io: Io, level: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  if (level !== "debug" && level !== "info") io.say(`${level}: ${plain(message)} ${JSON.stringify(fields)}`);
}

function untilStopped({ signal }: Session): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
