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
import { listEvents, retryEvent, sendEvent } from "./commands/events.ts";
import { exportRun, importRun } from "./commands/fixtures.ts";
import { revealValue } from "./commands/reveal.ts";
import { listRuns } from "./commands/runs.ts";
import {
  backfillSchedule,
  changeSchedule,
  listSchedules,
  nextScheduledTimes,
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

/** Receives a command's promise, so that its exit code reaches the caller. */
type Settle = (work: Promise<Exit>) => Promise<void>;

/** Executes a command line. Never rejects for user errors: every outcome is an exit code. */
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
    .option("--store <address>", "store: a file, sqlite:<file> or postgres://… (BATON_STORE)")
    .option("--url <url>", "URL of a running Baton server; default: found through the store (BATON_URL)")
    .option("--config <file>", "config file; default baton.config.ts in this folder (BATON_CONFIG)")
    .option("--json", "print one JSON document")
    .option("--jsonl", "print one JSON value per line")
    .option("--no-color", "print without colours (NO_COLOR)")
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
      .option("--host <address>", "address to listen on; default 127.0.0.1 (BATON_HOST)")
      .option("--port <number>", "port to listen on; default 4440 or the next free one; 0 takes any (BATON_PORT)")
      .option("--read-only", "refuse every request that changes anything (BATON_READ_ONLY)");
  serving("dev")
    .description("run the server and a worker, and reload definitions when they change")
    .argument("[folder]", "folder with definitions; default ./workflows")
    .action((folder: string | undefined, _options, command: Command) =>
      settle(serve(command.optsWithGlobals(), { isWatching: true, ...(folder === undefined ? {} : { folder }) })),
    );
  const working = (command: Command): Command =>
    command
      .option("--slots <number>", "maximum number of runs in memory; default 1000 (BATON_SLOTS)")
      .option("--queues <names>", "take runs from these queues only, comma-separated (BATON_QUEUES)");
  working(serving("start"))
    .description("run the server and a worker")
    .action((_options, command: Command) => settle(serve(command.optsWithGlobals(), { isWatching: false })));
  working(program.command("worker"))
    .description("run a worker without the server; a PostgreSQL store can have any number of workers")
    .action((_options, command: Command) => settle(work(command.optsWithGlobals())));
  serving("server")
    .description("run the server without a worker; needs workers on the same store")
    .action((_options, command: Command) =>
      settle(serve(command.optsWithGlobals(), { isWatching: false, works: false })),
    );
  program
    .command("workers")
    .description("list the workers of the store and what they hold")
    .action((_options, command: Command) => settle(listWorkers(command.optsWithGlobals())));
}

function addRuns(program: Command, settle: Settle): void {
  program
    .command("run")
    .description("start a run")
    .argument("<name>", "workflow name")
    .option("--input <json>", "JSON, @file, or - for stdin")
    .option("--key <key>", "business key")
    .option("--idempotency-key <key>", "starting again with the same key and input returns the existing run")
    .option("--at <time>", "start no earlier than this time, for example 2026-11-20T09:30:00Z")
    .option("--after <duration>", "start after this delay, for example 90s or 2d")
    .option("--wait", "wait until the run has ended")
    .option("--watch", "wait, and print each step")
    .option("--timeout <duration>", "with --wait: give up after this time (exit code 6)")
    .action((name: string, _options, command: Command) => settle(startRun(name, command.optsWithGlobals())));
  program
    .command("runs")
    .description("list runs, newest first")
    .argument("[query]", "prefix of an id or key, part of a recent key, or words of an error")
    .option("--status <status>", "run status")
    .option("--name <name>", "workflow name")
    .option("--version <number>", "version of the workflow; with --name")
    .option("--key <key>", "business key")
    .option("--attribute <name=value>", "run attribute")
    .option("--fingerprint <fingerprint>", "dead letters with this error fingerprint")
    .option("--from <time>", "started at or after this time, for example 2026-11-20T00:00:00Z")
    .option("--to <time>", "started before this time")
    .option("--count", "print only the count")
    .option("--limit <rows>", "maximum number of rows", "50")
    .action((query: string | undefined, _options, command: Command) =>
      settle(listRuns(query, command.optsWithGlobals())),
    );
  program
    .command("show")
    .description("show a run with its steps and attempts; --json prints all of it")
    .argument("<run>", "run id, unique prefix of one, or latest")
    .action((id: string, _options, command: Command) => settle(showRun(id, command.optsWithGlobals())));
  program
    .command("why")
    .description("explain the status of a run, and what can be done about it")
    .argument("<run>", "run id, unique prefix of one, or latest")
    .action((id: string, _options, command: Command) => settle(explainRun(id, command.optsWithGlobals())));
  program
    .command("dead-letters")
    .description("list failed runs that need a person, grouped by error")
    .option("--fingerprint <fingerprint>", "list the runs with this error fingerprint")
    .option("--limit <rows>", "maximum number of rows", "50")
    .action((_options, command: Command) => settle(listDeadLetters(command.optsWithGlobals())));
}

const verbHelp: Readonly<Record<Verb, string>> = {
  "complete-step": "record an output for a step and continue after it",
  compensate: "run the compensations of a failed or suspended run",
  dismiss: "remove a run from the dead letters without fixing it",
  resume: "continue a failed or suspended run from the step that stopped it",
  restart: "run a step and everything after it again",
  retry: "make the next attempt now instead of after its backoff",
  cancel: "cancel a run",
  suspend: "suspend a run until it is resumed",
  rerun: "start a new run with the same or edited input",
};

const takesInput: ReadonlySet<Verb> = new Set(["resume", "restart", "rerun"]);
const takesWait: ReadonlySet<Verb> = new Set(["resume", "restart", "complete-step", "retry", "compensate", "rerun"]);

function addVerbs(program: Command, settle: Settle): void {
  for (const [verb, description] of Object.entries(verbHelp) as [Verb, string][]) {
    const command = program
      .command(verb)
      .description(description)
      .argument("<run>", "run id, unique prefix of one, or latest")
      .option("--reason <text>", "reason, written to the audit log")
      .option("--dry-run", "print what would run again and what is kept");
    if (verb === "resume") command.option("--on <version>", "continue on this version of the code");
    if (verb === "restart") command.requiredOption("--from <step>", "key of the step to restart from");
    if (verb === "complete-step")
      command
        .option("--step <step>", "step key; default: the step that stopped the run")
        .option("--output <json>", "output of the step: JSON, @file, or - for stdin; default null");
    if (verb === "cancel") command.option("--compensate", "run the compensations first");
    if (verb === "suspend") command.option("--stop-clocks", "pause its timers until it is resumed");
    if (takesInput.has(verb)) command.option("--input <json>", "edited input: JSON, @file, or - for stdin");
    if (takesWait.has(verb)) command.option("--no-wait", "return without waiting for the run to stop");
    command.action((id: string, _options, own: Command) => settle(applyVerb(verb, id, own.optsWithGlobals())));
  }
}

const bulkHelp: Readonly<Record<Exclude<BulkVerb, "redrive">, string>> = {
  resume: "continue suspended runs",
  retry: "make the next attempts now instead of after their backoff",
  cancel: "cancel runs",
  suspend: "suspend runs until they are resumed",
  compensate: "run the compensations of failed and suspended runs",
  dismiss: "remove runs from the dead letters without fixing them",
};

function addBulk(program: Command, settle: Settle): void {
  const act = (command: Command, verb: BulkVerb): void => {
    command
      .option("--fingerprint <fingerprint>", "dead letters with this error fingerprint")
      .option("--name <name>", "workflow name")
      .option("--key <key>", "business key")
      .option("--all", "every run that the command applies to")
      .option("--canary <counts>", "process this many first, for example 1,10; stops when one of them fails again")
      .option("--rate <rate>", "maximum number of runs per time unit, for example 10/s or 300/m")
      .option("--reason <text>", "reason, written to the audit log")
      .option("--dry-run", "print how many runs match")
      .option("--no-wait", "return without waiting for the end");
    if (verb !== "redrive" && verb !== "dismiss") command.option("--status <status>", "run status");
    if (verb === "cancel") command.option("--compensate", "run the compensations first");
    if (verb === "suspend") command.option("--stop-clocks", "pause their timers until they are resumed");
    command.action((_options, own: Command) => settle(startBulk(verb, own.optsWithGlobals())));
  };
  act(program.command("redrive").description("resume many dead letters"), "redrive");
  const bulk = program.command("bulk").description("apply a command to many runs");
  bulk
    .command("list", { isDefault: true })
    .description("list bulk operations, newest first")
    .option("--limit <rows>", "maximum number of rows", "50")
    .action((_options, command: Command) => settle(listBulks(command.optsWithGlobals())));
  bulk
    .command("show")
    .description("show the progress of a bulk operation")
    .argument("<id>", "id of the bulk operation")
    .action((id: string, _options, command: Command) => settle(showBulk(id, command.optsWithGlobals())));
  bulk
    .command("stop")
    .description("stop a bulk operation; runs already processed are not reverted")
    .argument("<id>", "id of the bulk operation")
    .option("--reason <text>", "reason, written to the audit log")
    .action((id: string, _options, command: Command) => settle(stopBulk(id, command.optsWithGlobals())));
  for (const [verb, description] of Object.entries(bulkHelp) as [Exclude<BulkVerb, "redrive">, string][])
    act(bulk.command(verb).description(description), verb);
}

function addReveal(program: Command, settle: Settle): void {
  program
    .command("reveal")
    .description("show one sensitive value in plain text; access is written to the audit log")
    .argument("<run>", "run id, unique prefix of one, or latest")
    .option("--step <step>", "output or error of this step")
    .option("--input", "input of the run")
    .option("--output", "output of the run")
    .option("--reason <text>", "reason, written to the audit log")
    .action((id: string, _options, command: Command) => settle(revealValue(id, command.optsWithGlobals())));
}

function addEvents(program: Command, settle: Settle): void {
  const events = program.command("events").description("list or send events, or route held ones again");
  events
    .command("list", { isDefault: true })
    .description("list received events, newest first")
    .option("--name <name>")
    .option("--held", "only events that are held after three routing tries without a result")
    .option("--limit <rows>", "maximum number of rows", "50")
    .action((_options, command: Command) => settle(listEvents(command.optsWithGlobals())));
  events
    .command("send")
    .description("send an event")
    .argument("<name>")
    .option("--data <json>", "JSON, @file, or - for stdin")
    .option("--id <id>", "event id, unique per source; a duplicate is ignored")
    .option("--source <source>")
    .action((name: string, _options, command: Command) => settle(sendEvent(name, command.optsWithGlobals())));
  events
    .command("retry")
    .description("route a held event again, after its workflow was fixed")
    .argument("<number>", "number of the event, from the list")
    .option("--reason <text>", "reason, written to the audit log")
    .action((no: string, _options, command: Command) => settle(retryEvent(no, command.optsWithGlobals())));
}

function addSchedules(program: Command, settle: Settle): void {
  const schedules = program.command("schedules").description("show and control schedules");
  schedules
    .command("list", { isDefault: true })
    .description("list schedules with their next time and last outcome")
    .option("--workflow <name>", "schedules of this workflow")
    .option("--limit <rows>", "maximum number of rows", "50")
    .action((_options, command: Command) => settle(listSchedules(command.optsWithGlobals())));
  const one = (name: string, description: string): Command =>
    schedules
      .command(name)
      .description(description)
      .argument("<schedule>", "workflow/name, or the workflow if it has only one schedule");
  one("show", "show a schedule with its next and last times").action((id: string, _options, command: Command) =>
    settle(showSchedule(id, command.optsWithGlobals())),
  );
  one("next", "list its next times, in its time zone and in UTC")
    .option("--count <times>", "maximum number of rows", "10")
    .action((id: string, _options, command: Command) => settle(nextScheduledTimes(id, command.optsWithGlobals())));
  for (const verb of ["pause", "resume"] as const) {
    one(
      verb,
      verb === "pause"
        ? "pause a schedule; its times pass without starting runs"
        : "resume a paused schedule from now on",
    )
      .option("--reason <text>", "reason, written to the audit log")
      .action((id: string, _options, command: Command) => settle(changeSchedule(verb, id, command.optsWithGlobals())));
  }
  one("run", "start a run now, in addition to the schedule")
    .option("--reason <text>", "reason, written to the audit log")
    .action((id: string, _options, command: Command) => settle(runSchedule(id, command.optsWithGlobals())));
  one("backfill", "start the missing runs of a past time range")
    .requiredOption("--from <time>", "for example 2026-11-20T00:00:00Z")
    .option("--to <time>", "default: now")
    .option("--dry-run", "list the times without starting runs")
    .option("--reason <text>", "reason, written to the audit log")
    .action((id: string, _options, command: Command) => settle(backfillSchedule(id, command.optsWithGlobals())));
}

function addVersions(program: Command, settle: Settle): void {
  program
    .command("deploy")
    .description("bundle the definitions and use them for new runs")
    .argument("[folder]", "folder with definitions; default ./workflows")
    .option("--dry-run", "print what is new without changing anything")
    .action((folder: string | undefined, _options, command: Command) =>
      settle(deploy(folder, command.optsWithGlobals())),
    );
  program
    .command("versions")
    .description("list the versions of workflows and the runs on each")
    .argument("[name]", "workflow name")
    .option("--use <version>", "use this version for new runs")
    .option("--drain <version>", "start no new runs on this version; it is retired when its last run has ended")
    .option("--move <version>", "move the runs of this version to another one, if their histories are compatible")
    .option("--to <version>", "with --move: target version; default: the one for new runs")
    .option("--reason <text>", "reason, written to the audit log")
    .option("--dry-run", "with --move: print what would move")
    .action((name: string | undefined, _options, command: Command) =>
      settle(versions(name, command.optsWithGlobals())),
    );
  program
    .command("check")
    .description("replay recorded histories against the current definitions, without running any step")
    .argument("[name]", "workflow name")
    .option("--last <runs>", "number of completed runs per workflow, in addition to all that have not ended", "100")
    .action((name: string | undefined, _options, command: Command) => settle(check(name, command.optsWithGlobals())));
}

function addOperations(program: Command, settle: Settle): void {
  program
    .command("config")
    .description("print every effective setting and where it comes from")
    .action((_options, command: Command) => settle(printConfig(command.optsWithGlobals())));
  program
    .command("doctor")
    .description("check the store and its machine, and verify that every run is in exactly one state")
    .option("--full", "also read every page and every file")
    .option("--repair", "print what would be repaired; with --yes, repair it")
    .option("--yes", "with --repair: apply the repair")
    .option("--reason <text>", "reason, written to the audit log")
    .action((_options, command: Command) => settle(doctor(command.optsWithGlobals())));
  program
    .command("erase")
    .description("permanently remove ended runs with all their data")
    .argument("[run]", "run id, unique prefix of one, or latest")
    .option("--key <key>", "all runs with this business key")
    .option("--cancel", "first cancel runs that have not ended, and wait for them")
    .option("--vacuum", "rewrite the whole file afterwards, which blocks the store; default: for files up to 64 MiB")
    .option("--no-vacuum", "do not rewrite the file")
    .option("--reason <text>", "reason, written to the audit log")
    .option("--dry-run", "print what would be removed")
    .option("--yes", "do not ask for confirmation")
    .action((id: string | undefined, _options, command: Command) => settle(erase(id, command.optsWithGlobals())));
  program
    .command("export")
    .description("export a run with its whole history, to replay it elsewhere")
    .argument("<run>", "run id, unique prefix of one, or latest")
    .option("--out <file>", "output file; default stdout")
    .action((id: string, _options, command: Command) => settle(exportRun(id, command.optsWithGlobals())));
  program
    .command("import")
    .description("import an exported run as an ended run; it never executes by itself")
    .argument("<file>", "exported run, or - for stdin")
    .option("--reason <text>", "reason, written to the audit log")
    .action((file: string, _options, command: Command) => settle(importRun(file, command.optsWithGlobals())));
  const db = program.command("db").description("manage the store");
  db.command("backup")
    .description("write a consistent copy, also while Baton is running")
    .argument("<path>", "path of the new file")
    .action((path: string, _options, command: Command) => settle(backup(path, command.optsWithGlobals())));
  db.command("restore")
    .description("replace the store with a copy; the previous store is kept next to it")
    .argument("<path>", "path of the copy")
    .action((path: string, _options, command: Command) => settle(restore(path, command.optsWithGlobals())));
  db.command("stats")
    .description("show storage use by workflow")
    .action((_options, command: Command) => settle(stats(command.optsWithGlobals())));
  db.command("migrate")
    .description("migrate the store to the schema of this Baton version, after a backup")
    .option("--dry-run", "only list the pending migrations")
    .action((_options, command: Command) => settle(migrate(command.optsWithGlobals())));
}
