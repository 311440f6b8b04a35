import { BatonError } from "../../kernel/model/errors.ts";

/**
 * Parses an untrusted JSON document. A strict scan of the text comes first. It limits depth and keys before anything is
 * built (V8's parser has no limits, and its errors do not always have a position), and finds what `JSON.parse` would
 * change silently: integers that a number cannot represent, and keys named `__proto__`.
 */
export function parseJson(source: string, what = "the body"): unknown {
  new Scan(source, what).run();
  return JSON.parse(source);
}

/** Deeper than any real document. */
const depthMax = 64;
/** Keys cost far more memory than their bytes. */
const keysMax = 10_000;

const integerMax = BigInt(2) ** BigInt(53);
/** 2^53 has 16 digits: shorter literals need no check. */
const safeDigits = 15;

type Expected = "value" | "value or ]" | "key or }" | "key" | "colon" | "comma or end" | "end";

const expectedWords: Readonly<Record<Expected, string>> = {
  value: "a value",
  "value or ]": "a value or ]",
  "key or }": "a key or }",
  key: "a key",
  colon: "a colon",
  "comma or end": "a comma or the end of the object or array",
  end: "the end of the input",
};

interface Container {
  readonly isObject: boolean;
  /** For an array. */
  index: number;
  /** For an object: the position of its last key. */
  keyFrom: number;
  keyTo: number;
}

class Scan {
  readonly #source: string;
  /** The name of the text in messages. */
  readonly #what: string;
  readonly #stack: Container[] = [];
  #at = 0;
  #keys = 0;
  #expected: Expected = "value";

  constructor(source: string, what: string) {
    this.#source = source;
    this.#what = what;
  }

  run(): void {
    for (;;) {
      this.#skipSpace();
      if (this.#at >= this.#source.length) break;
      this.#token(this.#source[this.#at] as string);
    }
    if (this.#expected !== "end") throw this.#malformed("unexpected end of input");
  }

  #token(char: string): void {
    switch (char) {
      case "{":
      case "[":
        return this.#open(char === "{");
      case "}":
      case "]":
        return this.#close(char === "}");
      case ",":
        return this.#comma();
      case ":":
        if (this.#expected !== "colon") throw this.#malformed("unexpected ':'");
        this.#at += 1;
        this.#expected = "value";
        return;
      case '"':
        return this.#string();
      default:
        return this.#scalar(char);
    }
  }

  #open(isObject: boolean): void {
    this.#wantValue();
    if (this.#stack.length >= depthMax)
      throw this.#refused(
        "limit",
        `is nested deeper than ${depthMax} levels`,
        "flatten the value, or pass a reference",
      );
    this.#stack.push({ isObject, index: 0, keyFrom: -1, keyTo: -1 });
    this.#expected = isObject ? "key or }" : "value or ]";
    this.#at += 1;
  }

  #close(isObject: boolean): void {
    const top = this.#stack.at(-1);
    const mayClose = this.#expected === "comma or end" || this.#expected === (isObject ? "key or }" : "value or ]");
    if (top === undefined || top.isObject !== isObject || !mayClose)
      throw this.#malformed(`unexpected '${isObject ? "}" : "]"}'`);
    this.#stack.pop();
    this.#at += 1;
    this.#settle();
  }

  #comma(): void {
    const top = this.#stack.at(-1);
    if (top === undefined || this.#expected !== "comma or end") throw this.#malformed("unexpected ','");
    top.index += 1;
    this.#at += 1;
    this.#expected = top.isObject ? "key" : "value";
  }

  #string(): void {
    const from = this.#at;
    const to = this.#stringEnd();
    if (this.#expected === "key" || this.#expected === "key or }") return this.#key(from, to);
    this.#wantValue();
    this.#at = to;
    this.#settle();
  }

  #key(from: number, to: number): void {
    const top = this.#stack.at(-1) as Container;
    top.keyFrom = from;
    top.keyTo = to;
    this.#keys += 1;
    if (this.#keys > keysMax)
      throw this.#refused(
        "limit",
        `has more than ${keysMax} keys in total`,
        "store large data elsewhere and pass a reference",
      );
    if (this.#keyOf(top) === "__proto__")
      throw this.#refused("unencodable", "is a key named __proto__", "use another field name");
    this.#at = to;
    this.#expected = "colon";
  }

  #scalar(char: string): void {
    this.#wantValue();
    const from = this.#at;
    let to = from;
    while (to < this.#source.length && !/[\s,:{}[\]"]/.test(this.#source[to] as string)) to += 1;
    const word = this.#source.slice(from, to);
    if (/^[-\d]/.test(char)) this.#number(word);
    else if (word !== "true" && word !== "false" && word !== "null")
      throw this.#malformed(`unexpected ${JSON.stringify(word.slice(0, 20))}`);
    this.#at = to;
    this.#settle();
  }

  #number(word: string): void {
    if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(word))
      throw this.#malformed(`${JSON.stringify(word.slice(0, 20))} is not a number`);
    if (word.length <= safeDigits || !/^-?\d+$/.test(word)) return;
    const value = BigInt(word);
    if (value > integerMax || value < -integerMax)
      throw this.#refused(
        "unsafe-integer",
        `is ${word.slice(0, 40)}, which a JavaScript number cannot represent exactly`,
        "send it as a string",
      );
  }

  /** The position after the closing quote. */
  #stringEnd(): number {
    const source = this.#source;
    for (let i = this.#at + 1; i < source.length; i++) {
      const code = source.charCodeAt(i);
      if (code === 0x22) return i + 1;
      if (code < 0x20) {
        this.#at = i;
        throw this.#malformed("a control character inside a string");
      }
      if (code !== 0x5c) continue;
      const escaped = source[i + 1] ?? "";
      const isUnicode = escaped === "u" && /^[0-9a-fA-F]{4}$/.test(source.slice(i + 2, i + 6));
      if (!isUnicode && !'"\\/bfnrt'.includes(escaped || " ")) {
        this.#at = i;
        throw this.#malformed("an invalid escape sequence");
      }
      i += isUnicode ? 5 : 1;
    }
    this.#at = source.length;
    throw this.#malformed("an unterminated string");
  }

  #wantValue(): void {
    if (this.#expected !== "value" && this.#expected !== "value or ]")
      throw this.#malformed(
        this.#expected === "end" ? "unexpected text after the value" : `expected ${expectedWords[this.#expected]}`,
      );
  }

  #settle(): void {
    this.#expected = this.#stack.length === 0 ? "end" : "comma or end";
  }

  #skipSpace(): void {
    for (; this.#at < this.#source.length; this.#at++) {
      const code = this.#source.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }

  #keyOf(container: Container): string {
    return JSON.parse(this.#source.slice(container.keyFrom, container.keyTo)) as string;
  }

  #path(): string {
    let path = "";
    for (const container of this.#stack) {
      if (!container.isObject) path += `[${container.index}]`;
      else if (container.keyFrom >= 0) {
        const key = this.#keyOf(container);
        path += /^[A-Za-z_$][\w$]*$/.test(key) ? `${path === "" ? "" : "."}${key}` : `[${JSON.stringify(key)}]`;
      }
    }
    return path.slice(0, pathMax);
  }

  #malformed(problem: string): BatonError {
    const before = this.#source.slice(0, this.#at);
    const line = before.split("\n").length;
    const column = this.#at - before.lastIndexOf("\n");
    return new BatonError("malformed-json", `${this.#what} is not JSON: ${problem} at line ${line}, column ${column}`, {
      hint: "write one JSON value",
      details: { position: this.#at, line, column },
    });
  }

  #refused(code: string, problem: string, hint: string): BatonError {
    const path = this.#path();
    return new BatonError(code, `${path === "" ? this.#what : path} ${problem}`, {
      hint,
      details: { issues: [{ path, message: problem }] },
    });
  }
}

/** Paths are for people, so they are limited. */
const pathMax = 200;
