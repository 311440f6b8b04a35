import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Button, partStyles } from "../parts/parts.tsx";
import { Sheet } from "../parts/sheet.tsx";
import { Problem } from "../parts/states.tsx";
import styles from "./acts.module.css";

/** One thing that follows from an act. */
export interface Consequence {
  readonly name: string;
  readonly value: ReactNode;
  readonly isCareful?: boolean;
}

/** What happens, what is kept, what is not safe: each with its name. */
export function Consequences({ of }: { of: readonly Consequence[] }) {
  if (of.length === 0) return null;
  return (
    <dl className={styles.preview}>
      {of.map(({ name, value, isCareful = false }) => (
        <div key={name} className={isCareful ? styles.careful : undefined}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/**
 * Asks before an act: what happens, what does not, and what is written down about it. It stays open with the problem when
 * the act was refused, and closes when it was done. Where nothing is to be decided the focus is on the act itself, so
 * that one Enter does it; elsewhere it is on the field marked `data-first`, or on the reason.
 */
export function ConfirmSheet<T>({
  title,
  label,
  leave = "Leave it",
  does,
  consequences = [],
  note,
  act,
  onDone,
  onClose,
  isReady = true,
  isReasonNeeded = false,
  isPlain = false,
  isDanger = false,
  isWide = false,
  children,
}: {
  title: string;
  label: ReactNode;
  /** On the button that closes it without the act. */
  leave?: string;
  does: ReactNode;
  consequences?: readonly Consequence[];
  /** Said before what the audit keeps. */
  note?: ReactNode;
  act: (reason: string | undefined) => Promise<T>;
  onDone: (answer: T) => void;
  onClose: () => void;
  isReady?: boolean;
  isReasonNeeded?: boolean;
  /** Nothing is to be decided. */
  isPlain?: boolean;
  isDanger?: boolean;
  isWide?: boolean;
  children?: ReactNode;
}) {
  const [text, setText] = useState("");
  const reason = text.trim();
  const doing = useMutation({
    mutationFn: () => act(reason === "" ? undefined : reason),
    onSuccess: (answer) => {
      onDone(answer);
      onClose();
    },
  });
  const mayAct = isReady && !doing.isPending && !(isReasonNeeded && reason === "");
  return (
    <Sheet
      title={title}
      isWide={isWide}
      onClose={onClose}
      onSubmit={() => mayAct && doing.mutate()}
      foot={
        <>
          <Button onClick={onClose}>{leave}</Button>
          <Button
            type="submit"
            look={isDanger ? "danger" : "primary"}
            hint={isPlain ? "↵" : "Ctrl ↵"}
            disabled={!mayAct}
            data-first={isPlain || undefined}
          >
            {doing.isPending ? "Asking…" : label}
          </Button>
        </>
      }
    >
      <p>{does}</p>
      <Consequences of={consequences} />
      {children}
      <label className={partStyles.field}>
        <span>Reason{isReasonNeeded ? "" : " (optional)"}</span>
        <input
          className={partStyles.input}
          data-first={!isPlain || undefined}
          value={text}
          maxLength={1_000}
          required={isReasonNeeded}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <p className={partStyles.muted}>{note} The audit keeps who did it, when and why.</p>
      {doing.isError ? <Problem error={doing.error} /> : null}
    </Sheet>
  );
}
