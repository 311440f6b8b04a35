import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Button, baseStyles } from "../components/basics.tsx";
import { Dialog } from "../components/dialog.tsx";
import { Problem } from "../components/states.tsx";
import styles from "./actions.module.css";

/** One effect of an action. */
export interface Consequence {
  readonly name: string;
  readonly value: ReactNode;
  readonly isWarning?: boolean;
}

/** The effects of an action by name: what runs again, what is kept, what is not safe to repeat. */
export function Consequences({ items }: { items: readonly Consequence[] }) {
  if (items.length === 0) return null;
  return (
    <dl className={styles.preview}>
      {items.map(({ name, value, isWarning = false }) => (
        <div key={name} className={isWarning ? styles.careful : undefined}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/**
 * Asks for confirmation and a reason before an action. It closes when the action succeeds, and stays open with the error
 * when it fails. If there is nothing to fill in, the confirm button has the focus, so one Enter confirms; otherwise the
 * field marked `data-first` or the reason has it.
 */
export function ConfirmDialog<T>({
  title,
  label,
  cancelLabel = "Cancel",
  description,
  consequences = [],
  note,
  onConfirm,
  onDone,
  onClose,
  isReady = true,
  isReasonRequired = false,
  hasNoFields = false,
  isDanger = false,
  isWide = false,
  children,
}: {
  title: string;
  label: ReactNode;
  /** Label of the button that closes the dialog without the action. */
  cancelLabel?: string;
  description: ReactNode;
  consequences?: readonly Consequence[];
  /** Shown before the note on the audit log. */
  note?: ReactNode;
  onConfirm: (reason: string | undefined) => Promise<T>;
  onDone: (result: T) => void;
  onClose: () => void;
  isReady?: boolean;
  isReasonRequired?: boolean;
  /** There is nothing to fill in: one Enter confirms. */
  hasNoFields?: boolean;
  isDanger?: boolean;
  isWide?: boolean;
  children?: ReactNode;
}) {
  const [text, setText] = useState("");
  const reason = text.trim();
  const confirm = useMutation({
    mutationFn: () => onConfirm(reason === "" ? undefined : reason),
    onSuccess: (result) => {
      onDone(result);
      onClose();
    },
  });
  const canConfirm = isReady && !confirm.isPending && !(isReasonRequired && reason === "");
  return (
    <Dialog
      title={title}
      isWide={isWide}
      onClose={onClose}
      onSubmit={() => canConfirm && confirm.mutate()}
      foot={
        <>
          <Button onClick={onClose}>{cancelLabel}</Button>
          <Button
            type="submit"
            variant={isDanger ? "danger" : "primary"}
            hint={hasNoFields ? "↵" : "Ctrl ↵"}
            disabled={!canConfirm}
            data-first={hasNoFields || undefined}
          >
            {confirm.isPending ? "Working…" : label}
          </Button>
        </>
      }
    >
      <p>{description}</p>
      <Consequences items={consequences} />
      {children}
      <label className={baseStyles.field}>
        <span>Reason{isReasonRequired ? "" : " (optional)"}</span>
        <input
          className={baseStyles.input}
          data-first={!hasNoFields || undefined}
          value={text}
          maxLength={1_000}
          required={isReasonRequired}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <p className={baseStyles.muted}>{note} The audit log records who did this, when and why.</p>
      {confirm.isError ? <Problem error={confirm.error} /> : null}
    </Dialog>
  );
}
