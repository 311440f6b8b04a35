import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "../../api/queries.ts";
import { Empty } from "../../components/states.tsx";

/** Shown before the first run: how to start one, or how to write the first workflow. */
export function FirstRun() {
  const { data } = useQuery(queries.definitions());
  const names = [...new Set((data?.items ?? []).filter((each) => each.isLoaded).map((each) => each.name))];
  const [name] = names;
  if (name === undefined)
    return (
      <Empty title="No workflows yet">
        <p>Create a file in {data?.loadedFrom ?? "./workflows"}. Baton loads it when you save it:</p>
        <pre>{`import { workflow } from "baton";

export const hello = workflow({ name: "hello" }, async (ctx, input: { name: string }) => {
  return ctx.step("greet", () => \`Hello \${input.name}\`);
});`}</pre>
      </Empty>
    );
  return (
    <Empty title="No runs yet">
      <p>
        <Link to="/workflows/$name/start" params={{ name }}>
          Start {name}
        </Link>{" "}
        with its form, or from a terminal:
      </p>
      <pre>{`npx baton run ${name} --input '{}' --watch`}</pre>
    </Empty>
  );
}
