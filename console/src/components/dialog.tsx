import { type ReactNode, useEffect, useRef } from "react";
import { Button } from "./basics.tsx";
import styles from "./dialog.module.css";

/** A native modal dialog: it traps the focus, closes on Escape and restores the focus. Ctrl-Enter submits. */
export function Dialog({
  title,
  isWide = false,
  onClose,
  onSubmit,
  children,
  foot,
}: {
  title: ReactNode;
  isWide?: boolean;
  onClose: () => void;
  onSubmit?: () => void;
  children: ReactNode;
  foot?: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const { current } = dialog;
    if (current !== null && !current.open) current.showModal();
    // A native dialog focuses its first button, which is Close; `data-first` marks the element to focus instead.
    current?.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => current?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={styles.dialog}
      data-wide={isWide}
      aria-labelledby="dialog-title"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === dialog.current) onClose();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || onSubmit === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        onSubmit();
      }}
    >
      <form
        method="dialog"
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit?.();
        }}
      >
        <header className={styles.head}>
          <h2 id="dialog-title">{title}</h2>
          <Button variant="quiet" aria-label="Close" onClick={onClose}>
            ✕
          </Button>
        </header>
        <div className={styles.body}>{children}</div>
        {foot === undefined ? null : <footer className={styles.foot}>{foot}</footer>}
      </form>
    </dialog>
  );
}
