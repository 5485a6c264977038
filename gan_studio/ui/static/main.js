// The live part of the page. Gradio draws everything else.
import "./header.js";
import "./board.js";
import "./latent.js";
import "./tray.js";
import "./paths.js";
import "./directions.js";
import "./arithmetic.js";
import "./crossing.js";
import "./map.js";
import "./blend.js";
import "./cloud.js";
import "./pad.js";
import "./quality.js";
import "./human.js";
import "./match.js";
