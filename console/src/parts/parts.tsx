import type { RunSummary } from "@wire/run.ts";
import type { StepStatus } from "@wire/status.ts";
import type { ButtonHTMLAttributes, ReactNode } from "react";
import styles from "./parts.module.css";
import { type Shown, shownStatus, stepStatus, type Tone } from "./words.ts";

/** A button; `hint` is the key that does the same. */
export function Button({
  look,
  hint,
  children,
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { look?: "primary" | "danger" | "quiet"; hint?: string | undefined }) {
  return (
    <button type="button" className={styles.button} data-look={look} {...rest}>
      {children}
      {hint === undefined ? null : <kbd aria-hidden="true">{hint}</kbd>}
    </button>
  );
}

/** Status by glyph, word and colour: never by colour alone. */
export function Pill({ shown }: { shown: Shown }) {
  return (
    <span className={`${styles.pill} ${styles[shown.tone]}`}>
      <span className={styles.glyph} aria-hidden="true">
        {shown.glyph}
      </span>
      {shown.word}
    </span>
  );
}

/** How a run stands, as people tell it. */
export function RunPill({ run }: { run: Pick<RunSummary, "status" | "reason" | "reasonText"> }) {
  return <Pill shown={shownStatus(run)} />;
}

/** How a step stands. */
export function StepPill({ status }: { status: StepStatus }) {
  return <Pill shown={stepStatus[status]} />;
}

/** The class of a colour. */
export function tone(of: Tone): string {
  return styles[of] ?? "";
}

/** A title with what may be done here. */
export function Head({ title, about, children }: { title: ReactNode; about?: ReactNode; children?: ReactNode }) {
  return (
    <header className={styles.head}>
      <h1>{title}</h1>
      {about === undefined ? null : <span className={styles.muted}>{about}</span>}
      {children === undefined ? null : <div className={styles.headActs}>{children}</div>}
    </header>
  );
}

export interface Tab<Id extends string> {
  readonly id: Id;
  readonly label: ReactNode;
}

/** Tabs by the pattern of the ARIA guide: arrows move, the panel is named by its tab. */
export function Tabs<Id extends string>({
  name,
  tabs,
  chosen,
  onChoose,
}: {
  name: string;
  tabs: readonly Tab<Id>[];
  chosen: Id;
  onChoose: (id: Id) => void;
}) {
  const move = (by: number): void => {
    const at = tabs.findIndex((tab) => tab.id === chosen);
    const next = tabs[(at + by + tabs.length) % tabs.length];
    if (next === undefined) return;
    onChoose(next.id);
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
          aria-selected={tab.id === chosen}
          tabIndex={tab.id === chosen ? 0 : -1}
          onClick={() => onChoose(tab.id)}
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

/** A button that stays pressed. */
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

export { styles as partStyles };
