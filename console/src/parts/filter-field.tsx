import { useEffect, useRef, useState } from "react";
import styles from "./filter-field.module.css";

/** A pause in typing of this length means that the text is asked for. */
const pauseMs = 250;

/** The field above a list. `/` leads to it; what is typed counts after a pause, or at once with Enter. */
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
