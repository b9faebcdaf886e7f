"use strict";
// Renders /openapi.json. All text goes in as text, never as markup.
const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
};

// A schema as a type that people read: references are followed, cycles are named.
const describe = (api, schema, depth = 0, seen = []) => {
  if (!schema) return "any";
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    if (seen.includes(name)) return name;
    return describe(api, api.components.schemas[name], depth, [...seen, name]);
  }
  const options = schema.oneOf ?? schema.anyOf;
  if (options) return options.map((option) => describe(api, option, depth, seen)).join(" | ");
  if (schema.allOf) return schema.allOf.map((part) => describe(api, part, depth, seen)).join(" & ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const types = [schema.type ?? "any"].flat();
  return types.map((type) => {
    if (type === "array") return `[ ${describe(api, schema.items, depth, seen)} ]`;
    if (type !== "object" || !schema.properties) return schema.format ? `${type} (${schema.format})` : type;
    const required = schema.required ?? [];
    const pad = "  ".repeat(depth + 1);
    const lines = Object.entries(schema.properties).map(([name, property]) => {
      const note = property.description ? `  // ${property.description.split("\n")[0]}` : "";
      return `${pad}${name}${required.includes(name) ? "" : "?"}: ${describe(api, property, depth + 1, seen)}${note}`;
    });
    return `{\n${lines.join("\n")}\n${"  ".repeat(depth)}}`;
  }).join(" | ");
};

const content = (api, holder) => Object.entries(holder?.content ?? {}).flatMap(([type, { schema, example }]) => [
  make("p", {}, make("code", {}, type)),
  make("pre", {}, describe(api, schema)),
  example && make("pre", {}, JSON.stringify(example, null, 2)),
]);

const parameters = (list) => make("dl", {}, ...list.flatMap((one) => [
  make("dt", {}, one.name),
  make("dd", {}, `${one.in}, ${one.required ? "required" : "optional"}. ${one.description ?? ""}`),
]));

const operation = (api, path, method, one) => {
  const body = make("div", { class: "body" });
  if (one.description) body.append(make("p", {}, one.description));
  if (one.security?.length) body.append(make("p", {}, "Needs: ", make("code", {}, one.security.map((need) => Object.keys(need)).flat().join(", "))));
  if (one.parameters?.length) body.append(make("h3", {}, "Parameters"), parameters(one.parameters));
  if (one.requestBody) body.append(make("h3", {}, "Body"), ...content(api, one.requestBody).filter(Boolean));
  body.append(make("h3", {}, "Answers"));
  for (const [status, answer] of Object.entries(one.responses)) {
    body.append(make("p", {}, make("code", {}, status), ` ${answer.description}`));
    if (status.startsWith("2")) body.append(...content(api, answer).filter(Boolean));
  }
  const summary = make("summary", {}, make("span", { class: "method" }, method.toUpperCase()), make("code", {}, path), make("span", { class: "what" }, one.summary ?? ""));
  return make("details", { id: one.operationId ?? `${method}${path}`, "data-text": `${method} ${path} ${one.summary} ${one.operationId}`.toLowerCase() }, summary, body);
};

const render = (api) => {
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, one] of Object.entries(methods)) {
      const tag = one.tags?.[0] ?? "Other";
      groups.set(tag, [...(groups.get(tag) ?? []), operation(api, path, method, one)]);
    }
  }
  const find = make("input", { type: "search", placeholder: "Find a path or word", "aria-label": "Find a path or word" });
  const sections = [...groups].map(([tag, list]) => make("section", {}, make("h2", {}, tag), ...list));
  find.addEventListener("input", () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const section of sections) {
      const list = [...section.querySelectorAll("details")];
      for (const one of list) one.hidden = !words.every((word) => one.dataset.text.includes(word));
      section.hidden = list.every((one) => one.hidden);
    }
  });
  document.getElementById("api").replaceChildren(
    make("h1", {}, `${api.info.title} ${api.info.version}`),
    make("p", {}, api.info.description),
    make("p", {}, "The document itself: ", make("a", { href: "/openapi.json" }, "/openapi.json")),
    find,
    ...sections,
  );
  const wanted = document.getElementById(location.hash.slice(1));
  if (wanted) { wanted.open = true; wanted.scrollIntoView(); }
};

fetch("/openapi.json")
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`status ${answer.status}`))))
  .then(render)
  .catch((error) => document.getElementById("api").replaceChildren(make("p", { role: "alert" }, `The document cannot be loaded: ${error.message}. Reload the page.`)));
