import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useState, useSyncExternalStore } from "react";
import { live } from "../api/live.ts";
import { queries } from "../api/queries.ts";
import { Button } from "../components/basics.tsx";
import { formatNumber, plural } from "../components/text.ts";
import { Announcements, announce, copy } from "./announce.tsx";
import { setServerClock, Timestamp } from "./clock.tsx";
import { Help } from "./help.tsx";
import { menu } from "./menu.ts";
import { nextTheme, setPreferences, usePreferences } from "./preferences.ts";
import { RunAnnouncer } from "./run-announcer.tsx";
import { SearchDialog } from "./search-dialog.tsx";
import styles from "./shell.module.css";
import { useShortcuts } from "./shortcuts.ts";

/** The frame around every page: menu, search, live status, time zone. */
export function Shell() {
  const [open, setOpen] = useState<"finder" | "help" | null>(null);
  const [isMenuOpen, setMenuOpen] = useState(false);
  const navigate = useNavigate();
  const path = useRouterState({ select: (state) => state.location.pathname });
  useTitle(path);
  useEffect(() => live.subscribe("runs:list"), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new page closes the menu
  useEffect(() => setMenuOpen(false), [path]);
  useShortcuts([
    { keys: "Ctrl-k", label: "Search runs, keys, workflows and errors", run: () => setOpen("finder") },
    { keys: "/", label: "Filter or search", run: () => focusFilter() || setOpen("finder") },
    { keys: "?", label: "Show shortcuts", run: () => setOpen("help") },
    { keys: "y", label: "Copy link to this page", run: () => void copy(location.href, "link to this page") },
    { keys: "t", label: "Switch theme: system, light, dark", run: () => announce(`Theme: ${nextTheme()}`) },
    { keys: "l", label: "Pause or resume live updates", run: () => live.pause(live.status.state !== "paused") },
    ...menu.flatMap(({ items }) =>
      items.map(({ key, to, label }) => ({
        keys: `g ${key}`,
        label: `Go to ${label}`,
        run: () => void navigate({ to }),
      })),
    ),
  ]);
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        Skip to content
      </a>
      <TopBar onFind={() => setOpen("finder")} onMenu={() => setMenuOpen(!isMenuOpen)} isMenuOpen={isMenuOpen} />
      <Menu isOpen={isMenuOpen} onHelp={() => setOpen("help")} />
      <main id="main" className={styles.main} tabIndex={-1}>
        <UnreachableBanner />
        <Outlet />
      </main>
      {open === "finder" ? <SearchDialog onClose={() => setOpen(null)} /> : null}
      {open === "help" ? <Help onClose={() => setOpen(null)} /> : null}
      <Announcements />
      <RunAnnouncer />
    </div>
  );
}

function focusFilter(): boolean {
  const field = document.querySelector<HTMLInputElement>("[data-filter]");
  field?.focus();
  field?.select();
  return field !== null;
}

function useTitle(path: string): void {
  useEffect(() => {
    const place = path.split("/").filter(Boolean).map(decodeURIComponent).join(" · ");
    document.title = place === "" ? "Baton" : `${place} · Baton`;
  }, [path]);
}

function TopBar({ onFind, onMenu, isMenuOpen }: { onFind: () => void; onMenu: () => void; isMenuOpen: boolean }) {
  const { data: server } = useQuery(queries.server());
  useEffect(() => {
    if (server !== undefined) setServerClock(server.now, server.zone);
  }, [server]);
  return (
    <header className={styles.bar}>
      <button
        type="button"
        className={styles.burger}
        aria-label="Menu"
        aria-expanded={isMenuOpen}
        aria-controls="menu"
        onClick={onMenu}
      >
        ☰
      </button>
      <Link to="/" className={styles.brand}>
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <path d="M3 12 12.5 4.5" stroke="currentColor" strokeWidth="3.6" strokeLinecap="round" />
        </svg>
        Baton
      </Link>
      <button type="button" className={styles.find} onClick={onFind}>
        <span>Search runs, keys, workflows, errors…</span>
        <kbd>Ctrl K</kbd>
      </button>
      <div className={styles.facts}>
        {server === undefined ? null : (
          <span className={styles.place} title={server.store.address}>
            {server.store.kind === "sqlite" ? "SQLite" : "PostgreSQL"} · {plural(server.workers, "worker")}
            {server.isReadOnly ? " · read-only" : ""}
          </span>
        )}
        <LiveStatusButton />
        <ZonePicker serverZone={server?.zone} />
      </div>
    </header>
  );
}

function useLive() {
  return useSyncExternalStore(
    (listener) => live.watch(listener),
    () => `${live.status.state} ${live.status.state === "live" ? 0 : live.status.receivedAt}`,
  ).split(" ") as [typeof live.status.state, string];
}

function LiveStatusButton() {
  const [state, receivedAt] = useLive();
  const since = <Timestamp at={new Date(Number(receivedAt)).toISOString()} isZoneHidden={true} isTimeOnly={true} />;
  const label = {
    live: "Live",
    connecting: "Connecting",
    paused: "Paused",
    reconnecting: <>Reconnecting; data from {since}</>,
    polling: <>Polling every 5 s; data from {since}</>,
  }[state];
  return (
    <button
      type="button"
      className={styles.live}
      data-state={state}
      onClick={() => live.pause(state !== "paused")}
      title={`${state === "polling" ? "Stream disconnected. " : ""}${state === "paused" ? "Resume" : "Pause"} live updates (l)`}
    >
      <span className={styles.dot} aria-hidden="true" />
      {label}
    </button>
  );
}

/** A banner above the last known data while the server is unreachable. */
function UnreachableBanner() {
  const [state] = useLive();
  const server = useQuery(queries.server());
  if ((state !== "reconnecting" && state !== "polling") || server.data === undefined) return null;
  return (
    <p className={styles.unreachable} role="status">
      Baton is not responding. Runs are stored on disk and continue when it restarts; this page reconnects
      automatically.
    </p>
  );
}

function ZonePicker({ serverZone }: { serverZone: string | undefined }) {
  const { zone } = usePreferences();
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const fixed = ["browser", "UTC", "server"];
  return (
    <label className={styles.zone}>
      <span>Time zone</span>
      <select aria-label="Time zone" value={zone} onChange={(event) => setPreferences({ zone: event.target.value })}>
        <option value="browser">{own} (browser)</option>
        <option value="UTC">UTC</option>
        {serverZone === undefined ? null : <option value="server">{serverZone} (server)</option>}
        {fixed.includes(zone) ? null : <option value={zone}>{zone}</option>}
        {[
          "Europe/Berlin",
          "Europe/London",
          "America/New_York",
          "America/Los_Angeles",
          "Asia/Tokyo",
          "Asia/Kolkata",
        ].map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Menu({ isOpen, onHelp }: { isOpen: boolean; onHelp: () => void }) {
  const { data: home } = useQuery(queries.home());
  return (
    <nav id="menu" className={styles.menu} data-open={isOpen} aria-label="Menu">
      {menu.map((group) => (
        <div key={group.label}>
          <h2 className={styles.group}>{group.label}</h2>
          <ul>
            {group.items.map(({ to, label, needs }) => (
              <li key={to}>
                <Link to={to} className={styles.item} activeOptions={{ exact: to === "/" }}>
                  {label}
                  <AttentionCount n={needs === undefined ? 0 : (home?.needsYou[needs] ?? 0)} />
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
      <Button variant="quiet" hint="?" onClick={onHelp}>
        Shortcuts
      </Button>
    </nav>
  );
}

/** The number of runs that need attention. */
function AttentionCount({ n }: { n: number }) {
  if (n === 0) return null;
  return (
    <span className={styles.attention}>
      {formatNumber(n)} <span className="visually-hidden">need attention</span>
    </span>
  );
}
