import { workflow } from "baton";

// A definition that cannot be loaded; the others in this folder still run.
throw new Error("the token is missing");

export const broken = workflow({ name: "broken" }, () => null);
