import { type ReactNode, useEffect, useRef } from "react";
import { Button } from "./parts.tsx";
import styles from "./sheet.module.css";

/** A dialog of the browser itself: it traps the focus, closes on Escape and gives the focus back. Ctrl-Enter submits. */
export function Sheet({
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
    // A dialog gives the focus to its first button, which closes it: what it was opened for says so itself.
    current?.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => current?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={styles.sheet}
      data-wide={isWide}
      aria-labelledby="sheet-title"
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
          <h2 id="sheet-title">{title}</h2>
          <Button look="quiet" aria-label="Close" onClick={onClose}>
            ✕
          </Button>
        </header>
        <div className={styles.body}>{children}</div>
        {foot === undefined ? null : <footer className={styles.foot}>{foot}</footer>}
      </form>
    </dialog>
  );
}
