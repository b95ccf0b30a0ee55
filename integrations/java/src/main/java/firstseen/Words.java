package firstseen;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import firstseen.Given.Alert;
import firstseen.Given.Matches;
import firstseen.Given.Remark;
import firstseen.Given.Summary;
import firstseen.Given.Unjudged;
import firstseen.Sighting.Verdict;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Records to the JSON of the plain ABI and back. */
final class Words {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private Words() {}

    private record Question(Sighting sighting) {}

    private record Answer(Verdict sighting) {}

    private record Line(Alert alert, Unjudged unjudged, Remark remark, Summary summary) {}

    static byte[] encode(Object record) {
        return GSON.toJson(record).getBytes(StandardCharsets.UTF_8);
    }

    static List<Report> reports(String lines) {
        return decode(lines, Report.class);
    }

    static List<Sighting> questions(String lines) {
        List<Sighting> sightings = new ArrayList<>();
        for (Question question : decode(lines, Question.class)) {
            Sighting sighting = question.sighting;
            if (sighting == null || sighting.quota() == null || sighting.quota().perMs().bits() == 0) {
                throw new ModuleException("the module asks what is no sighting");
            }
            sightings.add(sighting);
        }
        return sightings;
    }

    static byte[] answers(List<Verdict> verdicts) {
        StringBuilder lines = new StringBuilder();
        for (Verdict verdict : verdicts) {
            lines.append(GSON.toJson(new Answer(verdict))).append('\n');
        }
        return lines.toString().getBytes(StandardCharsets.UTF_8);
    }

    static Given given(String lines) {
        List<Alert> alerts = new ArrayList<>();
        List<Unjudged> unjudged = new ArrayList<>();
        List<Remark> remarks = new ArrayList<>();
        Summary summary = null;
        for (Line line : decode(lines, Line.class)) {
            if (line.alert != null) {
                alerts.add(line.alert);
            } else if (line.unjudged != null) {
                unjudged.add(line.unjudged);
            } else if (line.remark != null) {
                remarks.add(line.remark);
            } else {
                summary = line.summary;
            }
        }
        if (summary == null) {
            throw new ModuleException("the module gives no summary");
        }
        List<Matches> matches = summary.matches() == null ? List.of() : summary.matches();
        return new Given(alerts, unjudged, remarks, new Summary(summary.events(), matches, summary.deferred()));
    }

    private static <T> List<T> decode(String lines, Class<T> type) {
        List<T> records = new ArrayList<>();
        int start = 0;
        for (int end; (end = lines.indexOf('\n', start)) >= 0; start = end + 1) {
            T record;
            try {
                record = GSON.fromJson(lines.substring(start, end), type);
            } catch (JsonParseException error) {
                throw new ModuleException("what the module says is no " + type.getSimpleName(), error);
            }
            if (record == null) {
                throw new ModuleException("what the module says is no " + type.getSimpleName());
            }
            records.add(record);
        }
        return records;
    }
}
