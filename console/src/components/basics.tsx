import type { RunSummary } from "@wire/run.ts";
import type { StepStatus } from "@wire/status.ts";
import type { ButtonHTMLAttributes, ReactNode } from "react";
import styles from "./basics.module.css";
import { type Badge, statusBadge, stepStatus, type Tone } from "./status.ts";

/** A button; `hint` shows its keyboard shortcut. */
export function Button({
  variant,
  hint,
  children,
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { variant?: "primary" | "danger" | "quiet"; hint?: string | undefined }) {
  return (
    <button type="button" className={styles.button} data-variant={variant} {...rest}>
      {children}
      {hint === undefined ? null : <kbd aria-hidden="true">{hint}</kbd>}
    </button>
  );
}

/** A status with icon, text and colour, never colour alone. */
export function Pill({ badge }: { badge: Badge }) {
  return (
    <span className={`${styles.pill} ${styles[badge.tone]}`}>
      <span className={styles.glyph} aria-hidden="true">
        {badge.glyph}
      </span>
      {badge.label}
    </span>
  );
}

/** The status of a run. */
export function RunPill({ run }: { run: Pick<RunSummary, "status" | "reason" | "reasonText"> }) {
  return <Pill badge={statusBadge(run)} />;
}

/** The status of a step. */
export function StepPill({ status }: { status: StepStatus }) {
  return <Pill badge={stepStatus[status]} />;
}

/** The CSS class of a tone. */
export function toneClass(tone: Tone): string {
  return styles[tone] ?? "";
}

/** The title of a page, with its actions. */
export function PageHeader({ title, about, children }: { title: ReactNode; about?: ReactNode; children?: ReactNode }) {
  return (
    <header className={styles.head}>
      <h1>{title}</h1>
      {about === undefined ? null : <span className={styles.muted}>{about}</span>}
      {children === undefined ? null : <div className={styles.headActions}>{children}</div>}
    </header>
  );
}

export interface Tab<Id extends string> {
  readonly id: Id;
  readonly label: ReactNode;
}

/** Tabs that follow the ARIA pattern: arrow keys move, and the panel is labelled by its tab. */
export function Tabs<Id extends string>({
  name,
  tabs,
  selected,
  onSelect,
}: {
  name: string;
  tabs: readonly Tab<Id>[];
  selected: Id;
  onSelect: (id: Id) => void;
}) {
  const move = (by: number): void => {
    const at = tabs.findIndex((tab) => tab.id === selected);
    const next = tabs[(at + by + tabs.length) % tabs.length];
    if (next === undefined) return;
    onSelect(next.id);
    document.getElementById(`${name}-${next.id}`)?.focus();
  };
  return (
    <div className={styles.tabs} role="tablist" aria-label={name}>
      {tabs.map((tab) => (
        <button
          key={tab.id}
          type="button"
          role="tab"
          id={`${name}-${tab.id}`}
          className={styles.tab}
          aria-selected={tab.id === selected}
          tabIndex={tab.id === selected ? 0 : -1}
          onClick={() => onSelect(tab.id)}
          onKeyDown={(event) => {
            if (event.key === "ArrowRight") move(1);
            else if (event.key === "ArrowLeft") move(-1);
          }}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}

/** A toggle button. */
export function Chip({
  isPressed,
  children,
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { isPressed: boolean }) {
  return (
    <button type="button" className={styles.chip} aria-pressed={isPressed} {...rest}>
      {children}
    </button>
  );
}

export { styles as baseStyles };
