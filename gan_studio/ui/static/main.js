// The live part of the page. Gradio draws everything else.
import "./header.js";
import "./board.js";
import "./latent.js";
import "./tray.js";
import "./find.js";
import "./inside.js";
import "./honest.js";
import "./pad.js";
import "./quality.js";
import "./human.js";
import "./match.js";
