import { Command, CommanderError } from "commander";
import type { BulkVerb } from "../wire/bulk.ts";
import type { Verb } from "../wire/verb.ts";
import { listBulks, showBulk, startBulk, stopBulk } from "./commands/bulk.ts";
import { check } from "./commands/check.ts";
import { printConfig } from "./commands/config.ts";
import { backup, migrate, restore, stats } from "./commands/db.ts";
import { listDeadLetters } from "./commands/dead-letters.ts";
import { deploy } from "./commands/deploy.ts";
import { doctor } from "./commands/doctor.ts";
import { erase } from "./commands/erase.ts";
import { listEvents, sendEvent } from "./commands/events.ts";
import { exportRun, importRun } from "./commands/fixtures.ts";
import { revealValue } from "./commands/reveal.ts";
import { listRuns } from "./commands/runs.ts";
import {
  backfillSchedule,
  changeSchedule,
  listSchedules,
  nextFires,
  runSchedule,
  showSchedule,
} from "./commands/schedules.ts";
import { serve, work } from "./commands/serve.ts";
import { explainRun, showRun } from "./commands/show.ts";
import { startRun } from "./commands/start-run.ts";
import { applyVerb } from "./commands/verbs.ts";
import { versions } from "./commands/versions.ts";
import { listWorkers } from "./commands/workers.ts";
import { CliError, type Exit, exit } from "./exit.ts";
import { createIo } from "./io.ts";

/** What a command's work is handed to, so that its exit code reaches the caller. */
type Settle = (work: Promise<Exit>) => Promise<void>;

/** Carries out a command line. Never rejects for what a person may do wrong: every outcome is an exit code. */
export async function runProgram(args: readonly string[], version: string): Promise<number> {
  let outcome: Exit = exit.ok;
  const program = build(version, async (work) => {
    outcome = await work;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return outcome;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exit.ok;
    // Without any command commander has printed its help.
    if (error.code === "commander.help") return exit.usage;
    const io = createIo({ json: args.includes("--json") || args.includes("--jsonl") });
    return io.fail(usageError(error));
  }
}

function usageError(error: CommanderError): CliError {
  return new CliError(exit.usage, "usage", error.message.replace(/^error: /, ""), { hint: "baton --help" });
}

function build(version: string, settle: Settle): Command {
  const program = new Command("baton")
    .description("Durable automation, synchronisation, tasks and workflows: one process, one file.")
    .version(version)
    .option("--store <address>", "the store: a file, sqlite:<file> or postgres://… (BATON_STORE)")
    .option("--url <url>", "a Baton that serves, instead of looking for one by the store (BATON_URL)")
    .option("--config <file>", "the config file; default baton.config.ts of this folder (BATON_CONFIG)")
    .option("--json", "one JSON document on stdout")
    .option("--jsonl", "one JSON value a line")
    .option("--no-color", "no colours (NO_COLOR)")
    .configureOutput({ writeErr: () => {} })
    .exitOverride();
  program.configureHelp({ sortSubcommands: false });
  addServing(program, settle);
  addRuns(program, settle);
  addVerbs(program, settle);
  addEvents(program, settle);
  addBulk(program, settle);
  addReveal(program, settle);
  addSchedules(program, settle);
  addVersions(program, settle);
  addOperations(program, settle);
  return program;
}

function addServing(program: Command, settle: Settle): void {
  const serving = (name: string): Command =>
    program
      .command(name)
      .option("--host <address>", "of this machine; default 127.0.0.1 (BATON_HOST)")
      .option("--port <number>", "default 4440, or the next free one; 0 takes any (BATON_PORT)")
      .option("--read-only", "serve no request that changes anything (BATON_READ_ONLY)");
  serving("dev")
    .description("serve and work, and follow changes of the definitions")
    .argument("[folder]", "with definitions; default ./workflows")
    .action((folder: string | undefined, _options, command: Command) =>
      settle(serve(command.optsWithGlobals(), { isWatching: true, ...(folder === undefined ? {} : { folder }) })),
    );
  const working = (command: Command): Command =>
    command
      .option("--slots <number>", "runs held in memory at once; default 1000 (BATON_SLOTS)")
      .option("--queues <names>", "work on runs of these queues only, with commas between them (BATON_QUEUES)");
  working(serving("start"))
    .description("serve and work")
    .action((_options, command: Command) => settle(serve(command.optsWithGlobals(), { isWatching: false })));
  working(program.command("worker"))
    .description("work without serving; a store in PostgreSQL may have any number of workers")
    .action((_options, command: Command) => settle(work(command.optsWithGlobals())));
  serving("server")
    .description("serve without working; needs workers on the same store")
    .action((_options, command: Command) =>
      settle(serve(command.optsWithGlobals(), { isWatching: false, works: false })),
    );
  program
    .command("workers")
    .description("who works on the store, and on what")
    .action((_options, command: Command) => settle(listWorkers(command.optsWithGlobals())));
}

function addRuns(program: Command, settle: Settle): void {
  program
    .command("run")
    .description("start a run")
    .argument("<name>", "of the definition")
    .option("--input <json>", "JSON, @file, or - for stdin")
    .option("--key <key>", "business key")
    .option("--idempotency-key <key>", "the same key with the same input gives the same run")
    .option("--at <moment>", "not before this moment, such as 2026-11-20T09:30:00Z")
    .option("--after <length>", "not before this long from now, such as 90s or 2d")
    .option("--wait", "stay until the run is at rest")
    .option("--watch", "the same, and tell of each step")
    .option("--timeout <length>", "with --wait: give up after this long (exit code 6)")
    .action((name: string, _options, command: Command) => settle(startRun(name, command.optsWithGlobals())));
  program
    .command("runs")
    .description("list runs, newest first")
    .argument("[query]", "the beginning of an id or a key, part of a newer key, or words of an error")
    .option("--status <status>")
    .option("--name <name>", "of the definition")
    .option("--version <number>", "of the definition; with --name")
    .option("--key <key>", "business key")
    .option("--attribute <name=value>", "an attribute of the run")
    .option("--fingerprint <fingerprint>", "dead letters of one cause")
    .option("--from <moment>", "started then or later, such as 2026-11-20T00:00:00Z")
    .option("--to <moment>", "started before")
    .option("--count", "only say how many")
    .option("--limit <rows>", "at most so many", "50")
    .action((query: string | undefined, _options, command: Command) =>
      settle(listRuns(query, command.optsWithGlobals())),
    );
  program
    .command("show")
    .description("one run with its steps and attempts; with --json everything of it")
    .argument("<run>", "id, the beginning of one, or latest")
    .action((id: string, _options, command: Command) => settle(showRun(id, command.optsWithGlobals())));
  program
    .command("why")
    .description("why a run stands where it stands, and what may be done")
    .argument("<run>", "id, the beginning of one, or latest")
    .action((id: string, _options, command: Command) => settle(explainRun(id, command.optsWithGlobals())));
  program
    .command("dead-letters")
    .description("failed runs that need a person, one line a cause")
    .option("--fingerprint <fingerprint>", "the runs of one cause")
    .option("--limit <rows>", "at most so many", "50")
    .action((_options, command: Command) => settle(listDeadLetters(command.optsWithGlobals())));
}

const verbHelp: Readonly<Record<Verb, string>> = {
  "complete-step": "take a step as done with a given output, and go on",
  compensate: "undo what a failed or suspended run has done",
  dismiss: "take a dead letter off the list",
  resume: "send a failed or suspended run on from the step that stopped it",
  restart: "run a step and all after it again",
  retry: "make the next attempt now",
  cancel: "end a run for good",
  suspend: "halt a run until it is resumed",
  rerun: "start a new run with the same or an edited input",
};

const takesInput: ReadonlySet<Verb> = new Set(["resume", "restart", "rerun"]);
const takesWait: ReadonlySet<Verb> = new Set(["resume", "restart", "complete-step", "retry", "compensate", "rerun"]);

function addVerbs(program: Command, settle: Settle): void {
  for (const [verb, description] of Object.entries(verbHelp) as [Verb, string][]) {
    const command = program
      .command(verb)
      .description(description)
      .argument("<run>", "id, the beginning of one, or latest")
      .option("--reason <text>", "kept in the audit")
      .option("--dry-run", "say what would run again and what is kept");
    if (verb === "resume") command.option("--on <version>", "go on with another version of its code");
    if (verb === "restart") command.requiredOption("--from <step>", "key of the step to start over from");
    if (verb === "complete-step")
      command
        .option("--step <step>", "key of the step; default: the one that stopped the run")
        .option("--output <json>", "JSON, @file, or - for stdin; default null");
    if (verb === "cancel") command.option("--compensate", "undo what was done first");
    if (verb === "suspend") command.option("--stop-clocks", "timers stand still until it is resumed");
    if (takesInput.has(verb)) command.option("--input <json>", "edited input: JSON, @file, or - for stdin");
    if (takesWait.has(verb)) command.option("--no-wait", "do not stay until the run stands again");
    command.action((id: string, _options, own: Command) => settle(applyVerb(verb, id, own.optsWithGlobals())));
  }
}

const bulkHelp: Readonly<Record<Exclude<BulkVerb, "redrive">, string>> = {
  resume: "send suspended runs on",
  retry: "make the next attempts now",
  cancel: "end runs for good",
  suspend: "halt runs until they are resumed",
  compensate: "undo what failed and suspended runs have done",
  dismiss: "take dead letters off the list",
};

function addBulk(program: Command, settle: Settle): void {
  const act = (command: Command, verb: BulkVerb): void => {
    command
      .option("--fingerprint <fingerprint>", "dead letters of one cause")
      .option("--name <name>", "of the definition")
      .option("--key <key>", "business key")
      .option("--all", "every run that it can be for")
      .option("--canary <counts>", "so many first, then so many more, such as 1,10; stops when one fails again")
      .option("--rate <rate>", "at most so many, such as 10/s or 300/m")
      .option("--reason <text>", "kept in the audit")
      .option("--dry-run", "say how many it would be for")
      .option("--no-wait", "do not stay until it is done");
    if (verb !== "redrive" && verb !== "dismiss") command.option("--status <status>");
    if (verb === "cancel") command.option("--compensate", "undo what was done first");
    if (verb === "suspend") command.option("--stop-clocks", "timers stand still until they are resumed");
    command.action((_options, own: Command) => settle(startBulk(verb, own.optsWithGlobals())));
  };
  act(program.command("redrive").description("send dead letters on, many at once"), "redrive");
  const bulk = program.command("bulk").description("verbs for many runs at once");
  bulk
    .command("list", { isDefault: true })
    .description("bulk acts, newest first")
    .option("--limit <rows>", "at most so many", "50")
    .action((_options, command: Command) => settle(listBulks(command.optsWithGlobals())));
  bulk
    .command("show")
    .description("how far an act has come")
    .argument("<act>")
    .action((id: string, _options, command: Command) => settle(showBulk(id, command.optsWithGlobals())));
  bulk
    .command("stop")
    .description("stop an act; what it has done stays done")
    .argument("<act>")
    .option("--reason <text>", "kept in the audit")
    .action((id: string, _options, command: Command) => settle(stopBulk(id, command.optsWithGlobals())));
  for (const [verb, description] of Object.entries(bulkHelp) as [Exclude<BulkVerb, "redrive">, string][])
    act(bulk.command(verb).description(description), verb);
}

function addReveal(program: Command, settle: Settle): void {
  program
    .command("reveal")
    .description("show one sensitive value in clear; who asked is kept in the audit")
    .argument("<run>", "id, the beginning of one, or latest")
    .option("--step <step>", "its output, or its error")
    .option("--input", "the run's input")
    .option("--output", "the run's output")
    .option("--reason <text>", "kept in the audit")
    .action((id: string, _options, command: Command) => settle(revealValue(id, command.optsWithGlobals())));
}

function addEvents(program: Command, settle: Settle): void {
  const events = program.command("events").description("list events, or send one");
  events
    .command("list", { isDefault: true })
    .description("events as they were received, newest first")
    .option("--name <name>")
    .option("--limit <rows>", "at most so many", "50")
    .action((_options, command: Command) => settle(listEvents(command.optsWithGlobals())));
  events
    .command("send")
    .description("send an event")
    .argument("<name>")
    .option("--data <json>", "JSON, @file, or - for stdin")
    .option("--id <id>", "unique for its source; a repeated one does nothing")
    .option("--source <source>")
    .action((name: string, _options, command: Command) => settle(sendEvent(name, command.optsWithGlobals())));
}

function addSchedules(program: Command, settle: Settle): void {
  const schedules = program.command("schedules").description("what starts workflows by the clock");
  schedules
    .command("list", { isDefault: true })
    .description("schedules with their next time and what became of the last")
    .option("--workflow <name>", "of this workflow")
    .option("--limit <rows>", "at most so many", "50")
    .action((_options, command: Command) => settle(listSchedules(command.optsWithGlobals())));
  const one = (name: string, description: string): Command =>
    schedules
      .command(name)
      .description(description)
      .argument("<schedule>", "workflow/name, or the workflow when it has only one");
  one("show", "one schedule with its next and last times").action((id: string, _options, command: Command) =>
    settle(showSchedule(id, command.optsWithGlobals())),
  );
  one("next", "its next times, in its zone and in UTC")
    .option("--count <times>", "at most so many", "10")
    .action((id: string, _options, command: Command) => settle(nextFires(id, command.optsWithGlobals())));
  for (const verb of ["pause", "resume"] as const) {
    one(verb, verb === "pause" ? "let its times pass without runs" : "fire its times again from now on")
      .option("--reason <text>", "kept in the audit")
      .action((id: string, _options, command: Command) => settle(changeSchedule(verb, id, command.optsWithGlobals())));
  }
  one("run", "start a run now, beside its times")
    .option("--reason <text>", "kept in the audit")
    .action((id: string, _options, command: Command) => settle(runSchedule(id, command.optsWithGlobals())));
  one("backfill", "fire the times of a stretch of the past that have no run")
    .requiredOption("--from <moment>", "such as 2026-11-20T00:00:00Z")
    .option("--to <moment>", "default now")
    .option("--dry-run", "list them and start nothing")
    .option("--reason <text>", "kept in the audit")
    .action((id: string, _options, command: Command) => settle(backfillSchedule(id, command.optsWithGlobals())));
}

function addVersions(program: Command, settle: Settle): void {
  program
    .command("deploy")
    .description("bundle the definitions and make them what new starts get")
    .argument("[folder]", "with definitions; default ./workflows")
    .option("--dry-run", "say what is new and change nothing")
    .action((folder: string | undefined, _options, command: Command) =>
      settle(deploy(folder, command.optsWithGlobals())),
    );
  program
    .command("versions")
    .description("versions of the definitions, with the runs that are on each")
    .argument("[name]", "of the definition")
    .option("--use <version>", "give new starts this one")
    .option("--drain <version>", "give this one no new starts; it is retired when its last run has ended")
    .option("--move <version>", "move its runs to another one, as far as their histories are compatible")
    .option("--to <version>", "with --move; default the one that new starts get")
    .option("--reason <text>", "kept in the audit")
    .option("--dry-run", "with --move: say what would move")
    .action((name: string | undefined, _options, command: Command) =>
      settle(versions(name, command.optsWithGlobals())),
    );
  program
    .command("check")
    .description("replay recorded histories over the definitions as they are now, without running a step")
    .argument("[name]", "of the definition")
    .option("--last <runs>", "completed runs of each, besides all that have not ended", "100")
    .action((name: string | undefined, _options, command: Command) => settle(check(name, command.optsWithGlobals())));
}

function addOperations(program: Command, settle: Settle): void {
  program
    .command("config")
    .description("every value in force, and where it came from")
    .action((_options, command: Command) => settle(printConfig(command.optsWithGlobals())));
  program
    .command("doctor")
    .description("look at the store and its machine, and prove that every run is in exactly one place")
    .option("--full", "read every page and every file")
    .option("--repair", "say what would be mended; with --yes mend it")
    .option("--yes", "with --repair: do it")
    .option("--reason <text>", "kept in the audit")
    .action((_options, command: Command) => settle(doctor(command.optsWithGlobals())));
  program
    .command("erase")
    .description("remove runs at rest for good, with everything of them")
    .argument("[run]", "id, the beginning of one, or latest")
    .option("--key <key>", "every run of this business key instead")
    .option("--cancel", "cancel what is not at rest, and wait until it is")
    .option("--vacuum", "write the whole file anew afterwards; everything waits meanwhile; default: up to 64 MiB")
    .option("--no-vacuum", "do not")
    .option("--reason <text>", "kept in the audit")
    .option("--dry-run", "say what would go")
    .option("--yes", "do not ask")
    .action((id: string | undefined, _options, command: Command) => settle(erase(id, command.optsWithGlobals())));
  program
    .command("export")
    .description("a run with its whole history as a file, to be replayed elsewhere")
    .argument("<run>", "id, the beginning of one, or latest")
    .option("--out <file>", "default stdout")
    .action((id: string, _options, command: Command) => settle(exportRun(id, command.optsWithGlobals())));
  program
    .command("import")
    .description("put an exported run into this store, at rest: it never runs by itself")
    .argument("<file>", "or - for stdin")
    .option("--reason <text>", "kept in the audit")
    .action((file: string, _options, command: Command) => settle(importRun(file, command.optsWithGlobals())));
  const db = program.command("db").description("the store's file");
  db.command("backup")
    .description("write a consistent copy; Baton may go on meanwhile")
    .argument("<path>", "of the new file")
    .action((path: string, _options, command: Command) => settle(backup(path, command.optsWithGlobals())));
  db.command("restore")
    .description("put a copy in the place of the store; what was there is kept beside it")
    .argument("<path>", "of the copy")
    .action((path: string, _options, command: Command) => settle(restore(path, command.optsWithGlobals())));
  db.command("stats")
    .description("what takes room, by workflow")
    .action((_options, command: Command) => settle(stats(command.optsWithGlobals())));
  db.command("migrate")
    .description("bring the store to the schema of this Baton, after a backup")
    .option("--dry-run", "only list what is to be done")
    .action((_options, command: Command) => settle(migrate(command.optsWithGlobals())));
}
