import { versionInUse } from "../../kernel/decide/version.ts";
import type { Moved } from "../../kernel/engine/rehearsals.ts";
import { BatonError } from "../../kernel/model/errors.ts";
import type { DefinitionRef } from "../../kernel/model/run.ts";
import type { VersionRow } from "../../kernel/model/version.ts";
import type { Deployment, LeftRun, MoveBody, MovedRuns, VersionBody } from "../../wire/version.ts";
import type { Call, Route, RouteResponse } from "../route.ts";
import { object, ref, text, whole } from "../schema/schema.ts";
import type { Services, VersionService } from "../services.ts";
import { versionViews } from "../views/version.ts";

const reason = text(1_000, "Written to the audit log.");
const versionBody = {
  schema: object({ version: { ...whole, minimum: 1 }, reason }, { optional: ["reason"] }),
  payloadMax: () => 0,
};
const versionAnswer = { 200: { description: "The versions after the change.", schema: ref("Definitions") } };

/** Actions on versions. None of them accepts code: code comes only from the folder of the process. */
export const versionRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/api/deployments",
    id: "deploy",
    summary: "Bundles the definitions in this process's folder again and uses them for new runs.",
    scope: "definitions:write",
    body: { schema: object({}), isOptional: true, payloadMax: () => 0 },
    answers: { 200: { description: "Each workflow with its version.", schema: ref("Deployment") } },
    handle: deploy,
  },
  {
    method: "POST",
    path: "/api/definitions/{name}/use",
    id: "useVersion",
    summary: "Selects the version for new runs, for example an older one. Open runs stay on their version.",
    scope: "definitions:write",
    body: versionBody,
    answers: versionAnswer,
    handle: (call) => change(call, "used"),
  },
  {
    method: "POST",
    path: "/api/definitions/{name}/drain",
    id: "drainVersion",
    summary: "Starts no new runs on a version; it is retired when its last run has ended.",
    scope: "definitions:write",
    body: versionBody,
    answers: versionAnswer,
    handle: (call) => change(call, "drained"),
  },
  {
    method: "POST",
    path: "/api/definitions/{name}/move",
    id: "moveRuns",
    summary: "Moves the runs of a version to another one, if their histories are compatible with its code.",
    scope: "definitions:write",
    body: {
      schema: object(
        {
          from: { ...whole, minimum: 1 },
          to: { ...whole, minimum: 1 },
          run: text(200, "Only this run, by its full id."),
          reason,
          dryRun: { type: "boolean" },
        },
        { optional: ["to", "run", "reason", "dryRun"] },
      ),
      payloadMax: () => 0,
    },
    answers: {
      200: {
        description: "The runs that were moved, and those that were not, with the reason.",
        schema: ref("MovedRuns"),
      },
    },
    handle: move,
  },
];

async function deploy({ services }: Call): Promise<RouteResponse> {
  const items = await serviceOf(services).deployNow();
  const body: Deployment = {
    items: items.map(({ definition, fingerprint, isNew }) => ({ ...definition, fingerprint, isNew })),
    problems: services.loaded().problems,
  };
  return { status: 200, body };
}

async function change({ params, body, services }: Call, to: "used" | "drained"): Promise<RouteResponse> {
  const { version, reason: why = null } = body as VersionBody;
  const rows = await rowsOf(services, params["name"] ?? "");
  const { definition } = versionOf(rows, version);
  const verb = to === "used" ? "use" : "drain";
  await serviceOf(services).change(definition, to, { actor: services.actor, verb, why });
  const { from, problems } = services.loaded();
  const items = await versionViews(services, definition.name);
  return { status: 200, body: { items, loadedFrom: from, problems } };
}

/** Longer lists help no reader; the counts are exact. */
const listedMax = 1_000;

async function move({ params, body, services }: Call): Promise<RouteResponse> {
  const { from, to: asked, run, reason: why = null, dryRun = false } = body as MoveBody;
  const rows = await rowsOf(services, params["name"] ?? "");
  const { name, kind } = versionOf(rows, from).definition;
  const to = asked === undefined ? inUse(rows, name) : versionOf(rows, asked).definition;
  if (to.version === from)
    throw new BatonError("illegal", `the runs of ${name} version ${from} are already on this version`, {
      hint: "name the target version with --to",
    });
  const audit = { actor: services.actor, verb: "move", why };
  const request = { kind, name, from, to: to.version, isDryRun: dryRun, audit, ...(run === undefined ? {} : { run }) };
  const moved: string[] = [];
  const left: LeftRun[] = [];
  const counts = { moved: 0, left: 0 };
  for await (const each of serviceOf(services).move(request)) {
    if (each.why === null) {
      counts.moved += 1;
      if (moved.length < listedMax) moved.push(each.run);
      continue;
    }
    counts.left += 1;
    if (left.length < listedMax) left.push(leftRun(each));
  }
  const answer: MovedRuns = {
    name,
    from,
    to: to.version,
    dryRun,
    movedCount: counts.moved,
    leftCount: counts.left,
    moved,
    left,
  };
  return { status: 200, body: answer };
}

function leftRun({ run, why, verdict }: Moved): LeftRun {
  const keys = verdict?.outcome === "diverges" ? { recorded: verdict.recorded, asked: verdict.asked } : {};
  return { run, reason: why ?? "", ...keys };
}

async function rowsOf({ store }: Services, name: string): Promise<readonly VersionRow[]> {
  const rows = await store.query("versions", { name });
  if (rows.length > 0) return rows;
  throw new BatonError("unknown-definition", `the store has no versions of ${JSON.stringify(name)}`, {
    hint: "GET /api/definitions lists all workflows",
  });
}

function versionOf(rows: readonly VersionRow[], version: number): VersionRow {
  const row = rows.find((each) => each.definition.version === version);
  if (row !== undefined) return row;
  const known = rows.map((each) => each.definition.version).join(", ");
  throw new BatonError("unknown-definition", `${rows[0]?.definition.name} has no version ${version}`, {
    hint: `known versions: ${known}`,
  });
}

function inUse(rows: readonly VersionRow[], name: string): DefinitionRef {
  const row = versionInUse(rows);
  if (row !== undefined) return row.definition;
  throw new BatonError("drained", `all versions of ${name} are drained`, { hint: "name the target version with --to" });
}

function serviceOf({ versions }: Services): VersionService {
  if (versions !== null) return versions;
  throw new BatonError("read-only", "versions can only be changed on a process that runs them", {
    hint: "send this request to that process",
  });
}
