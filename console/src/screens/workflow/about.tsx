import { Link } from "@tanstack/react-router";
import type { DefinitionDetail, DefinitionView } from "@wire/definition.ts";
import { Facts } from "../../components/page.tsx";

/** General properties: file, triggers, queue and failure handling. */
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
              "manual or API starts"
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
                ? "compensates completed steps"
                : "keeps completed steps and becomes a dead letter",
        },
        { name: "Input", value: inputSchema === null ? "any JSON" : "validated against its schema" },
        {
          name: "Code",
          value:
            view?.fingerprint == null ? null : <code title={view.fingerprint}>{view.fingerprint.slice(0, 12)}</code>,
        },
      ]}
    />
  );
}
