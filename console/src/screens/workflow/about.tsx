import { Link } from "@tanstack/react-router";
import type { DefinitionDetail, DefinitionView } from "@wire/definition.ts";
import { Facts } from "../../parts/page.tsx";

/** Where it comes from, what starts it and what it does when it fails. */
export function About({ definition, view }: { definition: DefinitionDetail; view: DefinitionView | undefined }) {
  const { schedules, queue, onFailure, inputSchema } = definition;
  return (
    <Facts
      facts={[
        { name: "File", value: view?.file == null ? null : <code>{view.file}</code> },
        {
          name: "Started by",
          value:
            (view?.triggers.length ?? 0) + schedules.length === 0 ? (
              "people and programs"
            ) : (
              <>
                {view?.triggers.map((trigger) => (
                  <span key={trigger}>
                    event{" "}
                    <Link to="/events" search={{ name: trigger }}>
                      {trigger}
                    </Link>{" "}
                  </span>
                ))}
                {schedules.map((id) => (
                  <span key={id}>
                    schedule{" "}
                    <Link to="/schedules/$id" params={{ id }}>
                      {id}
                    </Link>{" "}
                  </span>
                ))}
              </>
            ),
        },
        { name: "Queue", value: queue },
        {
          name: "When it fails",
          value:
            onFailure === null
              ? null
              : onFailure === "compensate"
                ? "it undoes what was done"
                : "it keeps what was done and waits for a person",
        },
        { name: "Input", value: inputSchema === null ? "anything" : "checked against its schema" },
        {
          name: "Code",
          value:
            view?.fingerprint == null ? null : <code title={view.fingerprint}>{view.fingerprint.slice(0, 12)}</code>,
        },
      ]}
    />
  );
}
