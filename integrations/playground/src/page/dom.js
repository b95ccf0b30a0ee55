/** Makes an element; texts among the children stay texts, whatever is in them. A member `on…` is a listener. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) {
      element.addEventListener(key.slice(2), value);
    } else if (value !== undefined && value !== false) {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== false));
  return element;
}

export function byId(id) {
  return document.getElementById(id);
}

/** A button with a text. */
export function button(text, onclick, attributes = {}) {
  return el("button", { type: "button", ...attributes, onclick }, text);
}

/** A `details` whose content is made when it is opened first. */
export function disclosure(summary, content, { isOpen = false, ...attributes } = {}) {
  let isFilled = false;
  const details = el("details", attributes, el("summary", {}, summary));
  const fill = () => {
    if (details.open && !isFilled) {
      isFilled = true;
      details.append(content());
    }
  };
  details.addEventListener("toggle", fill);
  details.open = isOpen;
  fill();
  return details;
}
