import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useState, useSyncExternalStore } from "react";
import { live } from "../api/live.ts";
import { reads } from "../api/queries.ts";
import { Button } from "../parts/parts.tsx";
import { count, plural } from "../parts/words.ts";
import { Announcements, announce, copy } from "./announce.tsx";
import { Moment, setServerClock } from "./clock.tsx";
import { Finder } from "./finder.tsx";
import { Help } from "./help.tsx";
import { useKeys } from "./keys.ts";
import { menu } from "./menu.ts";
import { News } from "./news.tsx";
import { change, nextTheme, useSettings } from "./settings.ts";
import styles from "./shell.module.css";

/** What stands around every page: menu, search, live state, zone. */
export function Shell() {
  const [open, setOpen] = useState<"finder" | "help" | null>(null);
  const [isMenuOpen, setMenuOpen] = useState(false);
  const navigate = useNavigate();
  const path = useRouterState({ select: (state) => state.location.pathname });
  useTitle(path);
  useEffect(() => live.want("runs:list"), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new page closes the menu
  useEffect(() => setMenuOpen(false), [path]);
  useKeys([
    { keys: "Ctrl-k", label: "Find a run, key, workflow or error", run: () => setOpen("finder") },
    { keys: "/", label: "Find", run: () => focusFilter() || setOpen("finder") },
    { keys: "?", label: "Keys", run: () => setOpen("help") },
    { keys: "y", label: "Copy the link of this page", run: () => void copy(location.href, "the link of this page") },
    { keys: "t", label: "Next theme: system, light, dark", run: () => announce(`Theme: ${nextTheme()}`) },
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
        Skip to the page
      </a>
      <TopBar onFind={() => setOpen("finder")} onMenu={() => setMenuOpen(!isMenuOpen)} isMenuOpen={isMenuOpen} />
      <Menu isOpen={isMenuOpen} onHelp={() => setOpen("help")} />
      <main id="main" className={styles.main} tabIndex={-1}>
        <Away />
        <Outlet />
      </main>
      {open === "finder" ? <Finder onClose={() => setOpen(null)} /> : null}
      {open === "help" ? <Help onClose={() => setOpen(null)} /> : null}
      <Announcements />
      <News />
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
  const { data: server } = useQuery(reads.server());
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
        <span>Find a run, key, workflow, error…</span>
        <kbd>Ctrl K</kbd>
      </button>
      <div className={styles.facts}>
        {server === undefined ? null : (
          <span className={styles.place} title={server.store.address}>
            {server.store.kind === "sqlite" ? "SQLite" : "PostgreSQL"} · {plural(server.workers, "worker")}
            {server.isReadOnly ? " · read-only" : ""}
          </span>
        )}
        <LivePill />
        <ZonePicker serverZone={server?.zone} />
      </div>
    </header>
  );
}

function useLive() {
  return useSyncExternalStore(
    (listener) => live.watch(listener),
    () => `${live.status.state} ${live.status.state === "live" ? 0 : live.status.heardAt}`,
  ).split(" ") as [typeof live.status.state, string];
}

function LivePill() {
  const [state, heardAt] = useLive();
  const since = <Moment at={new Date(Number(heardAt)).toISOString()} isBare={true} isTimeOnly={true} />;
  const said = {
    live: "Live",
    connecting: "Connecting",
    paused: "Paused",
    away: <>Reconnecting, data from {since}</>,
    polling: <>No stream: asking every 5 s, data from {since}</>,
  }[state];
  return (
    <button
      type="button"
      className={styles.live}
      data-state={state}
      onClick={() => live.pause(state !== "paused")}
      title={state === "paused" ? "Go on with live updates (l)" : "Pause live updates (l)"}
    >
      <span className={styles.dot} aria-hidden="true" />
      {said}
    </button>
  );
}

/** The server has gone: says so once, in words, above whatever was known. */
function Away() {
  const [state] = useLive();
  const server = useQuery(reads.server());
  if ((state !== "away" && state !== "polling") || server.data === undefined) return null;
  return (
    <p className={styles.away} role="status">
      Baton does not answer. Runs are kept on disk and go on when it is started again; this page waits for it.
    </p>
  );
}

function ZonePicker({ serverZone }: { serverZone: string | undefined }) {
  const { zone } = useSettings();
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const fixed = ["browser", "UTC", "server"];
  return (
    <label className={styles.zone}>
      <span>Times in</span>
      <select aria-label="Times in" value={zone} onChange={(event) => change({ zone: event.target.value })}>
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
  const { data: home } = useQuery(reads.home());
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
                  <Needs n={needs === undefined ? 0 : (home?.needsYou[needs] ?? 0)} />
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
      <Button look="quiet" hint="?" onClick={onHelp}>
        Keys
      </Button>
    </nav>
  );
}

/** What needs a person, and nothing else, is counted in the menu. */
function Needs({ n }: { n: number }) {
  if (n === 0) return null;
  return (
    <span className={styles.needs}>
      {count(n)} <span className="visually-hidden">need you</span>
    </span>
  );
}
