import { keepPreviousData, QueryClient, queryOptions } from "@tanstack/react-query";
import type { AuditEntry } from "@wire/audit.ts";
import type { Bulk } from "@wire/bulk.ts";
import type { DeadLetterGroup } from "@wire/dead-letter.ts";
import type { DefinitionDetail, Definitions } from "@wire/definition.ts";
import type { DoctorReport } from "@wire/doctor.ts";
import type { EventDetail, EventView } from "@wire/event.ts";
import type { Graph, VersionDiff } from "@wire/graph.ts";
import type { Guide } from "@wire/guide.ts";
import type { HistoryEntry, LogEntry } from "@wire/history.ts";
import type { Home } from "@wire/home.ts";
import type { KeyTimeline } from "@wire/key.ts";
import type { Page } from "@wire/page.ts";
import type { Facets, HourCount, RunDetail, RunSummary } from "@wire/run.ts";
import type { ScheduleDetail, ScheduleSummary } from "@wire/schedule.ts";
import type { ServerInfo } from "@wire/server.ts";
import type { Step } from "@wire/step.ts";
import type { StoreSizesView } from "@wire/store.ts";
import type { SavedView } from "@wire/view.ts";
import type { Workers } from "@wire/worker.ts";
import { ApiError, get, type Params } from "./client.ts";

/** Rows per page of a virtual list, and steps per block of a run. */
export const pageRows = 200;
/** Rows per page of a list with page links. */
const listRows = 50;

/** The query cache of the console. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The live stream invalidates stale data; a page visit refetches after this time.
      staleTime: 5_000,
      gcTime: 5 * 60_000,
      refetchOnWindowFocus: false,
      // While the server is unreachable, the shell waits for it and refetches.
      networkMode: "always",
      retry: (count, error) => error instanceof ApiError && error.isUnreachable && count < 2,
      retryDelay: 500,
    },
  },
});

/** Every query of the console. `invalidate` selects by the first element of the key. */
export const queries = {
  server: () =>
    queryOptions({ queryKey: ["server"], queryFn: ({ signal }) => get<ServerInfo>("/api/server", {}, signal) }),
  home: () => queryOptions({ queryKey: ["home"], queryFn: ({ signal }) => get<Home>("/api/home", {}, signal) }),
  guide: () => queryOptions({ queryKey: ["guide"], queryFn: ({ signal }) => get<Guide>("/api/guide", {}, signal) }),
  runs: (filter: Params, pageToken: string | null, epoch: number, limit = pageRows) =>
    queryOptions({
      queryKey: ["runs", filter, epoch, pageToken, limit],
      queryFn: ({ signal }) => get<Page<RunSummary>>("/api/runs", { ...filter, limit, pageToken }, signal),
    }),
  facets: (filter: Params) =>
    queryOptions({
      queryKey: ["facets", filter],
      queryFn: ({ signal }) => get<Facets>("/api/runs/facets", filter, signal),
      placeholderData: keepPreviousData,
    }),
  hours: (filter: Params) =>
    queryOptions({
      queryKey: ["hours", filter],
      queryFn: ({ signal }) => get<readonly HourCount[]>("/api/hours", filter, signal),
      placeholderData: keepPreviousData,
    }),
  run: (id: string) =>
    queryOptions({
      queryKey: ["run", id],
      queryFn: ({ signal }) => get<RunDetail>(`/api/runs/${encodeURIComponent(id)}`, {}, signal),
    }),
  steps: (id: string, after: number) =>
    queryOptions({
      queryKey: ["steps", id, after],
      queryFn: ({ signal }) =>
        get<Page<Step>>(`/api/runs/${encodeURIComponent(id)}/steps`, { after, limit: pageRows }, signal),
    }),
  history: (id: string) =>
    queryOptions({
      queryKey: ["history", id],
      queryFn: ({ signal }) => get<Page<HistoryEntry>>(`/api/runs/${encodeURIComponent(id)}/events`, {}, signal),
    }),
  logs: (id: string) =>
    queryOptions({
      queryKey: ["logs", id],
      queryFn: ({ signal }) => get<Page<LogEntry>>(`/api/runs/${encodeURIComponent(id)}/logs`, { limit: 200 }, signal),
    }),
  graph: (name: string, version: number) =>
    queryOptions({
      queryKey: ["graph", name, version],
      queryFn: ({ signal }) => get<Graph>(`/api/definitions/${encodeURIComponent(name)}/graph`, { version }, signal),
      staleTime: Number.POSITIVE_INFINITY,
      retry: false,
    }),
  definitions: () =>
    queryOptions({
      queryKey: ["definitions"],
      queryFn: ({ signal }) => get<Definitions>("/api/definitions", {}, signal),
    }),
  definition: (name: string) =>
    queryOptions({
      queryKey: ["definitions", name],
      queryFn: ({ signal }) => get<DefinitionDetail>(`/api/definitions/${encodeURIComponent(name)}`, {}, signal),
    }),
  diff: (name: string, a: number, b: number) =>
    queryOptions({
      queryKey: ["diff", name, a, b],
      queryFn: ({ signal }) => get<VersionDiff>(`/api/definitions/${encodeURIComponent(name)}/diff`, { a, b }, signal),
    }),
  schedules: (filter: Params, pageToken: string | null, limit = pageRows) =>
    queryOptions({
      queryKey: ["schedules", filter, pageToken, limit],
      queryFn: ({ signal }) => get<Page<ScheduleSummary>>("/api/schedules", { ...filter, limit, pageToken }, signal),
      placeholderData: keepPreviousData,
    }),
  schedule: (id: string) =>
    queryOptions({
      queryKey: ["schedules", id],
      queryFn: ({ signal }) => get<ScheduleDetail>(`/api/schedules/${encodeURIComponent(id)}`, { next: 5 }, signal),
    }),
  events: (filter: Params, pageToken: string | null, limit = 50) =>
    queryOptions({
      queryKey: ["events", filter, pageToken, limit],
      queryFn: ({ signal }) => get<Page<EventView>>("/api/events", { ...filter, limit, pageToken }, signal),
      placeholderData: keepPreviousData,
    }),
  event: (no: string) =>
    queryOptions({
      queryKey: ["events", no],
      queryFn: ({ signal }) => get<EventDetail>(`/api/events/${encodeURIComponent(no)}`, {}, signal),
    }),
  groups: () =>
    queryOptions({
      queryKey: ["groups"],
      queryFn: ({ signal }) => get<Page<DeadLetterGroup>>("/api/dead-letters", { limit: 200 }, signal),
    }),
  /** Dead letters with one cause, newest first. */
  group: (fingerprint: string, pageToken: string | null) =>
    queryOptions({
      queryKey: ["group", fingerprint, pageToken],
      queryFn: ({ signal }) =>
        get<Page<RunSummary>>("/api/dead-letters", { fingerprint, limit: listRows, pageToken }, signal),
      placeholderData: keepPreviousData,
    }),
  bulks: (pageToken: string | null) =>
    queryOptions({
      queryKey: ["bulks", pageToken],
      queryFn: ({ signal }) => get<Page<Bulk>>("/api/bulk", { limit: listRows, pageToken }, signal),
      placeholderData: keepPreviousData,
    }),
  bulk: (id: string) =>
    queryOptions({
      queryKey: ["bulk", id],
      queryFn: ({ signal }) => get<Bulk>(`/api/bulk/${encodeURIComponent(id)}`, {}, signal),
    }),
  views: () =>
    queryOptions({ queryKey: ["views"], queryFn: ({ signal }) => get<Page<SavedView>>("/api/views", {}, signal) }),
  /** Paged by runs. */
  key: (key: string, pageToken: string | null) =>
    queryOptions({
      queryKey: ["key", key, pageToken],
      queryFn: ({ signal }) =>
        get<KeyTimeline>(`/api/keys/${encodeURIComponent(key)}`, { limit: listRows, pageToken }, signal),
      placeholderData: keepPreviousData,
    }),
  audit: (pageToken: string | null) =>
    queryOptions({
      queryKey: ["audit", pageToken],
      queryFn: ({ signal }) => get<Page<AuditEntry>>("/api/audit", { limit: listRows, pageToken }, signal),
      placeholderData: keepPreviousData,
    }),
  sizes: () =>
    queryOptions({ queryKey: ["sizes"], queryFn: ({ signal }) => get<StoreSizesView>("/api/db/stats", {}, signal) }),
  doctor: () =>
    queryOptions({ queryKey: ["doctor"], queryFn: ({ signal }) => get<DoctorReport>("/api/doctor", {}, signal) }),
  workers: () =>
    queryOptions({ queryKey: ["workers"], queryFn: ({ signal }) => get<Workers>("/api/workers", {}, signal) }),
};

/** Refetches queries of these kinds if they are in use. */
export function invalidate(...kinds: readonly string[]): void {
  for (const kind of kinds) void queryClient.invalidateQueries({ queryKey: [kind] });
}
