import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Button, partStyles } from "../parts/parts.tsx";
import { Sheet } from "../parts/sheet.tsx";
import { Problem } from "../parts/states.tsx";
import styles from "./acts.module.css";

export interface Consequence {
  readonly name: string;
  readonly value: ReactNode;
  readonly isCareful?: boolean;
}

/** Asks before an act: what happens, what does not, and what is written down about it. */
export function ConfirmSheet<T>({
  title,
  label,
  does,
  consequences = [],
  act,
  onDone,
  onClose,
  isReady = true,
  isDanger = false,
  isWide = false,
  children,
}: {
  title: string;
  label: string;
  does: ReactNode;
  consequences?: readonly Consequence[];
  act: (reason: string | undefined) => Promise<T>;
  onDone: (answer: T) => void;
  onClose: () => void;
  isReady?: boolean;
  isDanger?: boolean;
  isWide?: boolean;
  children?: ReactNode;
}) {
  const [reason, setReason] = useState("");
  const doing = useMutation({
    mutationFn: () => act(reason.trim() === "" ? undefined : reason.trim()),
    onSuccess: (answer) => {
      onDone(answer);
      onClose();
    },
  });
  const mayAct = isReady && !doing.isPending;
  return (
    <Sheet
      title={title}
      isWide={isWide}
      onClose={onClose}
      onSubmit={() => mayAct && doing.mutate()}
      foot={
        <>
          <Button onClick={onClose}>Leave it</Button>
          <Button type="submit" look={isDanger ? "danger" : "primary"} hint="Ctrl ↵" disabled={!mayAct}>
            {label}
          </Button>
        </>
      }
    >
      <p>{does}</p>
      {consequences.length === 0 ? null : (
        <dl className={styles.preview}>
          {consequences.map(({ name, value, isCareful = false }) => (
            <div key={name} className={isCareful ? styles.careful : undefined}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {children}
      <label className={partStyles.field}>
        <span>Reason</span>
        <input
          className={partStyles.input}
          value={reason}
          maxLength={1_000}
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      <p className={partStyles.muted}>The audit keeps who did it, when and why.</p>
      {doing.isError ? <Problem error={doing.error} /> : null}
    </Sheet>
  );
}
