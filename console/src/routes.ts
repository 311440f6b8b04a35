import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { NotFound } from "./shell/not-found.tsx";
import { RenderError } from "./shell/render-error.tsx";
import { Shell } from "./shell/shell.tsx";

/**
 * Every page of the console. The address holds the state of the page, so that a shared link shows the same. The code of
 * each page is loaded on the first visit.
 */
type Texts<Name extends string> = { readonly [Each in Name]?: string };

/** Reads these search parameters as text; others are dropped. */
function texts<const Name extends string>(...names: readonly Name[]) {
  return (search: Record<string, unknown>): Texts<Name> =>
    Object.fromEntries(
      names.flatMap((name) => {
        const value = search[name];
        return value === undefined || value === null || value === "" ? [] : [[name, String(value)]];
      }),
    ) as Texts<Name>;
}

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });
const page = <const Path extends string>(path: Path) => ({ getParentRoute: () => root, path }) as const;

const home = createRoute({
  ...page("/"),
  component: lazyRouteComponent(() => import("./screens/home/page.tsx"), "HomePage"),
});
const runs = createRoute({
  ...page("/runs"),
  validateSearch: texts("q", "from", "to", "view"),
  component: lazyRouteComponent(() => import("./screens/runs/page.tsx"), "RunsPage"),
});
const run = createRoute({
  ...page("/runs/$id"),
  validateSearch: texts("step", "attempt", "tab", "view", "verb"),
  component: lazyRouteComponent(() => import("./screens/run/page.tsx"), "RunPage"),
});
const workflows = createRoute({
  ...page("/workflows"),
  validateSearch: texts("q"),
  component: lazyRouteComponent(() => import("./screens/workflows/page.tsx"), "WorkflowsPage"),
});
const workflow = createRoute({
  ...page("/workflows/$name"),
  validateSearch: texts("version", "step"),
  component: lazyRouteComponent(() => import("./screens/workflow/page.tsx"), "WorkflowPage"),
});
const versions = createRoute({
  ...page("/workflows/$name/versions"),
  validateSearch: texts("a", "b"),
  component: lazyRouteComponent(() => import("./screens/versions/page.tsx"), "VersionsPage"),
});
const start = createRoute({
  ...page("/workflows/$name/start"),
  validateSearch: texts("as"),
  component: lazyRouteComponent(() => import("./screens/start/page.tsx"), "StartPage"),
});
const schedules = createRoute({
  ...page("/schedules"),
  validateSearch: texts("workflow", "page"),
  component: lazyRouteComponent(() => import("./screens/schedules/page.tsx"), "SchedulesPage"),
});
const schedule = createRoute({
  ...page("/schedules/$id"),
  component: lazyRouteComponent(() => import("./screens/schedule/page.tsx"), "SchedulePage"),
});
const events = createRoute({
  ...page("/events"),
  validateSearch: texts("name", "page"),
  component: lazyRouteComponent(() => import("./screens/events/page.tsx"), "EventsPage"),
});
const event = createRoute({
  ...page("/events/$no"),
  component: lazyRouteComponent(() => import("./screens/event/page.tsx"), "EventPage"),
});

const deadLetters = createRoute({
  ...page("/dead-letters"),
  validateSearch: texts("q"),
  component: lazyRouteComponent(() => import("./screens/dead-letters/page.tsx"), "DeadLettersPage"),
});
const errorGroup = createRoute({
  ...page("/errors/$fingerprint"),
  validateSearch: texts("page"),
  component: lazyRouteComponent(() => import("./screens/error-group/page.tsx"), "ErrorGroupPage"),
});
const bulks = createRoute({
  ...page("/bulk"),
  validateSearch: texts("page"),
  component: lazyRouteComponent(() => import("./screens/bulk-operations/page.tsx"), "BulkOperationsPage"),
});
const bulk = createRoute({
  ...page("/bulk/$id"),
  component: lazyRouteComponent(() => import("./screens/bulk-operation/page.tsx"), "BulkOperationPage"),
});
const compare = createRoute({
  ...page("/compare"),
  validateSearch: texts("a", "b"),
  component: lazyRouteComponent(() => import("./screens/compare/page.tsx"), "ComparePage"),
});
const key = createRoute({
  ...page("/k/$key"),
  validateSearch: texts("page"),
  component: lazyRouteComponent(() => import("./screens/key/page.tsx"), "KeyPage"),
});
const settings = createRoute({
  ...page("/settings"),
  beforeLoad: () => {
    throw redirect({ to: "/settings/$part", params: { part: "workers" }, replace: true });
  },
});
const settingsPart = createRoute({
  ...page("/settings/$part"),
  validateSearch: texts("page"),
  component: lazyRouteComponent(() => import("./screens/settings/page.tsx"), "SettingsPage"),
});

/** Typed: a link to an unknown page does not compile. */
export const router = createRouter({
  routeTree: root.addChildren([
    home,
    runs,
    run,
    workflows,
    workflow,
    versions,
    start,
    schedules,
    schedule,
    events,
    event,
    deadLetters,
    errorGroup,
    bulks,
    bulk,
    compare,
    key,
    settings,
    settingsPart,
  ]),
  scrollRestoration: true,
  defaultPreload: false,
  defaultErrorComponent: RenderError,
  // Values are plain text in the address, without JSON quotes.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== "");
    const text = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
    return text === "" ? "" : `?${text}`;
  },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
