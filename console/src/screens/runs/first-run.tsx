import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { reads } from "../../api/queries.ts";
import { Empty } from "../../parts/states.tsx";

/** Nothing was ever started: the command and the form for the workflows that are there, or the file to write. */
export function FirstRun() {
  const { data } = useQuery(reads.definitions());
  const names = [...new Set((data?.items ?? []).filter((each) => each.isLoaded).map((each) => each.name))];
  const [name] = names;
  if (name === undefined)
    return (
      <Empty title="No workflow yet">
        <p>Write one into {data?.loadedFrom ?? "./workflows"}; Baton loads it as soon as the file is there:</p>
        <pre>{`import { workflow } from "baton";

export const hello = workflow({ name: "hello" }, async (ctx, input: { name: string }) => {
  return ctx.step("greet", () => \`Hello \${input.name}\`);
});`}</pre>
      </Empty>
    );
  return (
    <Empty title="No run yet">
      <p>
        <Link to="/workflows/$name/start" params={{ name }}>
          Start {name}
        </Link>{" "}
        from its form, or from a terminal:
      </p>
      <pre>{`npx baton run ${name} --input '{}' --watch`}</pre>
    </Empty>
  );
}
