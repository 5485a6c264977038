// The random name of this browser, by which the server lets people take turns.

const KEY = "gan-studio-visitor";

function known() {
  const made = `${Date.now()}-${Math.random()}`;
  try {
    const name = localStorage.getItem(KEY) ?? made;
    localStorage.setItem(KEY, name);
    return name;
  } catch {
    return made; // nothing may be kept here
  }
}

export const visitor = known();
