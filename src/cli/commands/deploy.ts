import { loadFolder } from "../../app/bundles/check-histories.ts";
import { storeExists } from "../../app/find-server.ts";
import { loadConfig, storeOf } from "../../app/load-config.ts";
import { describeProblem } from "../../app/load-problem.ts";
import type { Definitions } from "../../wire/definition.ts";
import type { DeployedVersion, Deployment } from "../../wire/version.ts";
import { runCommand, runConnected } from "../command.ts";
import type { Globals } from "../connect.ts";
import { CliError, type Exit, exit } from "../exit.ts";
import type { Io } from "../io.ts";
import { table } from "../text.ts";

export interface DeployOptions extends Globals {
  readonly dryRun?: boolean;
}

/** A definition in the local folder. */
interface Local {
  readonly name: string;
  readonly fingerprint: string;
  readonly file: string;
}

/** `baton deploy`: bundles and checks the folder, stores what is new, and uses it for new runs. */
export async function deploy(folder: string | undefined, options: DeployOptions): Promise<Exit> {
  const flags = { ...options, ...(folder === undefined ? {} : { folder }) };
  let local: readonly Local[] = [];
  const checked = await runCommand(options, async ({ io }) => {
    local = await bundled(flags);
    if (options.dryRun) await preview(io, local, flags);
    return exit.ok;
  });
  if (checked !== exit.ok || options.dryRun) return checked;
  return runConnected(flags, "act", async ({ io, connection }) => {
    const deployment = await connection.client.post<Deployment>("/api/deployments", {});
    if (io.format === "human") io.lines(table(columns, deployment.items, io));
    else io.document(deployment);
    for (const problem of deployment.problems) io.say(`warning: ${describeProblem(problem)}`);
    const strangers = local.filter(
      ({ fingerprint }) => !deployment.items.some((each) => each.fingerprint === fingerprint),
    );
    for (const { name, file } of strangers)
      io.say(`warning: ${connection.where} deployed from its own folder, where ${name} differs from ${file} here`);
    return exit.ok;
  });
}

/** Code that cannot be bundled stops the whole deployment: half of a folder is an untested combination. */
async function bundled(flags: DeployOptions & { folder?: string }): Promise<readonly Local[]> {
  const config = await loadConfig(flags);
  const { versions, problems, from } = await loadFolder(config);
  if (problems.length > 0) {
    throw new CliError(exit.failed, "not-bundled", problems.map(describeProblem).join("\n"), {
      hint: "nothing was deployed",
      details: { problems },
    });
  }
  if (versions.length === 0)
    throw new CliError(exit.usage, "usage", `no definitions found in ${from}`, {
      hint: "pass the folder that contains them",
    });
  return versions.map(({ definition, artifact, file }) => ({
    name: definition.name,
    fingerprint: artifact.hash,
    file,
  }));
}

async function preview(io: Io, local: readonly Local[], flags: DeployOptions & { folder?: string }): Promise<void> {
  const known = storeExists(storeOf(await loadConfig(flags))) || flags.url !== undefined ? await stored(flags) : [];
  const items = local.map(({ name, fingerprint, file }) => {
    const same = known.find((each) => each.name === name && each.fingerprint === fingerprint);
    return { name, version: same?.version ?? null, fingerprint, file, isNew: same === undefined };
  });
  if (io.format !== "human") io.list(items);
  else io.lines(table([...columns, { head: "FILE", cell: (row: (typeof items)[number]) => row.file }], items, io));
}

async function stored(flags: DeployOptions): Promise<Definitions["items"]> {
  let items: Definitions["items"] = [];
  await runConnected(flags, "read", async ({ connection }) => {
    items = (await connection.client.get<Definitions>("/api/definitions")).items;
    return exit.ok;
  });
  return items;
}

const columns: readonly {
  head: string;
  cell: (row: Pick<DeployedVersion, "name" | "fingerprint" | "isNew"> & { version: number | null }) => string;
}[] = [
  { head: "NAME", cell: (row) => row.name },
  { head: "VERSION", cell: (row) => (row.version === null ? "next" : String(row.version)) },
  { head: "CODE", cell: (row) => row.fingerprint.slice(0, 12) },
  { head: "", cell: (row) => (row.isNew ? "new" : "known") },
];
