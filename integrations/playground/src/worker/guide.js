/** Investigation guides: `$osquery_0` stands for an entry of the table `[transform]`. */
export function fillIn(note, transform) {
  const placeholder = /\$(?:\$|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})/g;
  return note.replace(placeholder, (written, name, braced) => {
    if (written === "$$") {
      return "$";
    }
    const [, plugin, number] = /^(.*)_(0|[1-9][0-9]*)$/.exec(name ?? braced) ?? [];
    const entries = plugin !== undefined && Object.hasOwn(transform, plugin) ? transform[plugin] : undefined;
    const entry = Array.isArray(entries) ? entries[number] : undefined;
    return entry === undefined ? written : `!{${plugin}${JSON.stringify(entry)}}`;
  });
}
