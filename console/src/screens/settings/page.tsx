import { Link, useParams, useSearch } from "@tanstack/react-router";
import { PageHeader } from "../../components/basics.tsx";
import { Page } from "../../components/page.tsx";
import { NotFound } from "../../shell/not-found.tsx";
import { AboutPart } from "./about.tsx";
import { AuditPart } from "./audit.tsx";
import styles from "./settings.module.css";
import { StorePart } from "./store.tsx";
import { WorkersPart } from "./workers.tsx";

const parts = { workers: "Workers", store: "Store", audit: "Audit log", about: "About" } as const;
type Part = keyof typeof parts;

function isPart(part: string): part is Part {
  return Object.hasOwn(parts, part);
}

/** Workers, store health and size, audit log, and server details. */
export function SettingsPage() {
  const { part } = useParams({ from: "/settings/$part" });
  const { page = null } = useSearch({ from: "/settings/$part" });
  if (!isPart(part)) return <NotFound />;
  return (
    <Page>
      <PageHeader title={`Settings: ${parts[part].toLowerCase()}`} />
      <nav className={styles.parts} aria-label="Settings">
        {Object.entries(parts).map(([name, label]) => (
          <Link key={name} to="/settings/$part" params={{ part: name }} activeOptions={{ includeSearch: false }}>
            {label}
          </Link>
        ))}
      </nav>
      {part === "workers" ? <WorkersPart /> : null}
      {part === "store" ? <StorePart /> : null}
      {part === "audit" ? <AuditPart page={page} /> : null}
      {part === "about" ? <AboutPart /> : null}
    </Page>
  );
}
