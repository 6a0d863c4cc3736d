// Evaluates expressions with the JSONata of AWS' version: cases as JSON on standard input, results on standard output.
// A case is {text, variables}; a result is {value}, {} for no value, or {error}.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const jsonata = createRequire(import.meta.url)(process.argv[2]);

async function evaluated({ text, variables }) {
  try {
    const expression = jsonata(text);
    expression.registerFunction("parse", (json) => JSON.parse(json), "<s:x>");
    return { value: await expression.evaluate(null, variables) };
  } catch (error) {
    return { error: error.message };
  }
}

const cases = JSON.parse(readFileSync(0, "utf-8"));
process.stdout.write(JSON.stringify(await Promise.all(cases.map(evaluated))));
