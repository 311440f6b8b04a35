import { workflow } from "baton";

// A definition that cannot be loaded; the others of this folder run all the same.
throw new Error("the token is missing");

export const broken = workflow({ name: "broken" }, () => null);
