import { partStyles } from "../../parts/parts.tsx";

/** The input as a text of JSON. */
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
    <div className={partStyles.field}>
      <label htmlFor={id}>Input (JSON)</label>
      <textarea
        id={id}
        className={partStyles.code}
        rows={Math.max(8, Math.min(24, text.split("\n").length + 1))}
        value={text}
        spellCheck={false}
        aria-invalid={problem !== null}
        aria-describedby="about-input"
        onChange={(event) => onText(event.target.value)}
      />
      <p id="about-input" className={problem === null ? partStyles.muted : partStyles.wrong}>
        {problem === null
          ? hasSchema
            ? "Checked against the workflow's schema before it starts."
            : "The workflow declares no schema: it takes anything. Empty: no input."
          : `This is no JSON yet: ${problem}`}
      </p>
    </div>
  );
}
