import { baseStyles } from "../../components/basics.tsx";

/** A text field for the input as JSON. */
export function JsonInput({
  id,
  text,
  onText,
  problem,
  hasSchema,
}: {
  id: string;
  text: string;
  onText: (text: string) => void;
  problem: string | null;
  hasSchema: boolean;
}) {
  return (
    <div className={baseStyles.field}>
      <label htmlFor={id}>Input (JSON)</label>
      <textarea
        id={id}
        className={baseStyles.code}
        rows={Math.max(8, Math.min(24, text.split("\n").length + 1))}
        value={text}
        spellCheck={false}
        aria-invalid={problem !== null}
        aria-describedby="about-input"
        onChange={(event) => onText(event.target.value)}
      />
      <p id="about-input" className={problem === null ? baseStyles.muted : baseStyles.wrong}>
        {problem === null
          ? hasSchema
            ? "Validated against the workflow's schema before the start."
            : "The workflow declares no schema and accepts any JSON. Leave empty for no input."
          : `Invalid JSON: ${problem}`}
      </p>
    </div>
  );
}
