import { useEffect, useRef, useState } from "react";
import styles from "./filter-field.module.css";

/** Typed text is applied after a pause of this length. */
const pauseMs = 250;

/** The filter field above a list; `/` focuses it. Text is applied after a pause, or immediately with Enter. */
export function FilterField({
  label,
  placeholder,
  text,
  onText,
}: {
  label: string;
  placeholder: string;
  text: string;
  onText: (text: string) => void;
}) {
  const [typed, setTyped] = useState(text);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setTyped(text), [text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <input
      data-filter={true}
      type="search"
      className={styles.field}
      aria-label={label}
      placeholder={placeholder}
      value={typed}
      spellCheck={false}
      onChange={(event) => {
        const { value } = event.target;
        setTyped(value);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => onText(value), pauseMs);
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter") {
          clearTimeout(timer.current);
          onText(typed);
        }
        if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}
