"""Where each tool is tested: a happy case, a limit, a hostile case, and the use of a real thing."""

from __future__ import annotations

from typing import NamedTuple


class Cases(NamedTuple):
    """Tests of one tool, as ``file::test``, below ``tests/tools``."""

    happy: str
    limit: str
    hostile: str
    real: str


# an agent's final answer holds a random value that the tool alone could know
_AGENT = "test_tools_in_agents.py::test_an_agent_answers_what_only_the_tool_knows"
_PATHS = "test_file_tools.py::test_paths_out_are_refused_to_all"
_WIRE = "test_messages.py::test_agent_tells_what_only_the_service_knows"

# tools whose agent is tested elsewhere than with the others
AGENTS: dict[str, str] = {
    "code_executor": "test_code_executor.py::test_agent_learns_what_only_the_code_knows",
    "email_sender": "test_messages.py::test_agent_may_write_to_those_that_its_policy_lists",
    "mongodb_query": "test_mongodb_query.py::test_agent_reads_what_only_the_server_knows",
    "notification_manager": _WIRE,
    "redis_cache": "test_redis_cache.py::test_agent_reads_what_only_the_server_knows",
    "slack_notifier": _WIRE,
    "sms_sender": _WIRE,
    "sql_query": "test_sql_query.py::test_agent_reads_what_only_the_database_knows",
    "vector_search": "test_vector_search.py::test_agent_finds_what_only_the_store_knows",
    "webhook_caller": _WIRE,
}

CASES: dict[str, Cases] = {
    # computation
    "calculator": Cases(
        "test_calculator.py::test_calculates",
        "test_calculator.py::test_refuses_in_words",
        "test_calculator.py::test_hostile_expressions_end_at_once",
        _AGENT,
    ),
    "code_executor": Cases(
        "test_code_executor.py::test_value_and_print",
        "test_code_executor.py::test_bombs_end_in_isolated",
        "test_sandbox_escapes.py::test_no_way_out_of_bubblewrap",
        "test_code_executor.py::test_agent_learns_what_only_the_code_knows",
    ),
    "data_validator": Cases(
        "test_data_validator.py::test_valid",
        "test_data_validator.py::test_range_and_pattern",
        "test_data_validator.py::test_any_text_is_answered",
        _AGENT,
    ),
    "hash_generator": Cases(
        "test_hash_generator.py::test_digest_is_that_of_the_standard_library",
        "test_hash_generator.py::test_text_without_a_place_in_the_encoding_is_told",
        "test_hash_generator.py::test_key_in_place_of_its_name_is_refused_and_not_repeated",
        _AGENT,
    ),
    "regex_matcher": Cases(
        "test_regex_matcher.py::test_finds",
        "test_regex_matcher.py::test_output_is_bounded",
        "test_regex_matcher.py::test_hostile_patterns_end_in_time",
        _AGENT,
    ),
    # file
    "directory_scanner": Cases(
        "test_file_tools.py::test_a_folder_is_listed_without_following_links",
        "test_file_tools.py::test_large_folders_are_cut",
        "test_file_tools.py::test_names_that_deceive_are_shown_plainly",
        _AGENT,
    ),
    "file_compressor": Cases(
        "test_archives.py::test_a_folder_goes_round",
        "test_archives.py::test_too_many_members_are_refused",
        "test_archives.py::test_bombs_are_refused",
        "test_archives.py::test_members_that_lead_out_are_refused",
    ),
    "file_reader": Cases(
        "test_file_tools.py::test_what_was_written_is_read",
        "test_file_tools.py::test_long_lines_are_cut",
        _PATHS,
        _AGENT,
    ),
    "file_writer": Cases(
        "test_file_tools.py::test_any_text_comes_back",
        "test_file_tools.py::test_a_character_outside_the_encoding_is_told",
        _PATHS,
        _AGENT,
    ),
    "image_processor": Cases(
        "test_documents.py::test_images_are_analyzed_and_converted",
        "test_documents.py::test_image_bombs_are_refused",
        "test_documents.py::test_what_is_no_image_is_told",
        "test_documents.py::test_a_copy_goes_without_the_notes_of_the_camera",
    ),
    "pdf_parser": Cases(
        "test_documents.py::test_documents_are_read",
        "test_documents.py::test_pages_that_are_not_there_are_told",
        "test_documents.py::test_documents_that_would_not_end_are_stopped",
        _AGENT,
    ),
    # web
    "api_caller": Cases(
        "test_web_tools.py::test_a_service_is_called",
        "test_http_client.py::test_large_bodies_are_cut",
        "test_http_client.py::test_a_name_that_rebinds_is_looked_up_once_a_connection",
        "test_web_tools.py::test_credentials_go_to_their_own_origin",
    ),
    "html_parser": Cases(
        "test_web_tools.py::test_html_is_taken_apart",
        "test_web_tools.py::test_odd_pages_are_read_within_bounds",
        "test_web_tools.py::test_a_page_that_would_take_for_ever_is_stopped",
        _AGENT,
    ),
    "http_client": Cases(
        "test_web_tools.py::test_a_session_goes_on_within_its_run",
        "test_http_client.py::test_slow_bodies_end_in_time",
        "test_http_client.py::test_redirects_inside_are_refused",
        "test_http_client.py::test_headers_and_credentials_stay_at_their_origin",
    ),
    "url_validator": Cases(
        "test_web_tools.py::test_urls_are_validated",
        "test_http_client.py::test_redirects_are_followed_and_counted",
        "test_http_client.py::test_inner_and_malformed_urls_are_refused",
        _AGENT,
    ),
    "web_scraper": Cases(
        "test_web_tools.py::test_a_page_is_read",
        "test_web_tools.py::test_what_is_no_page_is_told",
        "test_web_tools.py::test_orders_in_characters_that_cannot_be_seen_are_dropped",
        "test_tools_in_agents.py::test_a_model_that_obeys_everyone_stays_within_its_policy",
    ),
    # communication
    "email_sender": Cases(
        "test_messages.py::test_mail_arrives",
        "test_messages.py::test_too_much_is_refused",
        "test_messages.py::test_mail_injection_is_refused",
        "test_messages.py::test_agent_may_write_to_those_that_its_policy_lists",
    ),
    "notification_manager": Cases(
        "test_messages.py::test_notification_sends_on_each_channel_and_reports_each",
        "test_messages.py::test_notification_that_nobody_got_is_an_error",
        "test_messages.py::test_policy_sees_every_recipient",
        _WIRE,
    ),
    "slack_notifier": Cases(
        "test_messages.py::test_slack_takes_text_and_nothing_more",
        "test_messages.py::test_slack_failure_is_told",
        "test_messages.py::test_slack_refuses_odd_names",
        _WIRE,
    ),
    "sms_sender": Cases(
        "test_messages.py::test_sms_speaks_twilio",
        "test_messages.py::test_sms_failure_is_told",
        "test_messages.py::test_odd_numbers_are_refused",
        _WIRE,
    ),
    "webhook_caller": Cases(
        "test_messages.py::test_webhook_is_signed",
        "test_messages.py::test_connection_reaches_its_own_host_only",
        "test_messages.py::test_webhook_abuse_is_refused",
        _WIRE,
    ),
    # database
    "database_inspector": Cases(
        "test_database_inspector.py::test_inspector_tells_what_there_is",
        "test_database_inspector.py::test_inspector_tells_of_listed_tables_only",
        "test_sql_query.py::test_what_cannot_be_reached_is_told_without_its_password",
        _AGENT,
    ),
    "mongodb_query": Cases(
        "test_mongodb_query.py::test_finds_and_counts",
        "test_mongodb_query.py::test_slow_and_absent_servers_are_told",
        "test_mongodb_query.py::test_abuse_is_refused_before_it_is_sent",
        "test_mongodb_query.py::test_agent_reads_what_only_the_server_knows",
    ),
    "redis_cache": Cases(
        "test_redis_cache.py::test_sets_reads_and_deletes",
        "test_redis_cache.py::test_keys_match_a_pattern",
        "test_redis_cache.py::test_other_commands_are_no_operations",
        "test_redis_cache.py::test_agent_reads_what_only_the_server_knows",
    ),
    "sql_query": Cases(
        "test_sql_query.py::test_with_and_a_column_created_at",
        "test_sql_query.py::test_rows_are_bounded",
        "test_sql_query.py::test_abuse_is_refused",
        "test_sql_query.py::test_agent_reads_what_only_the_database_knows",
    ),
    "vector_search": Cases(
        "test_vector_search.py::test_searches_an_offered_store",
        "test_vector_search.py::test_refuses_in_words",
        "test_vector_search.py::test_agrees_with_the_definition",
        "test_vector_search.py::test_agent_searches_by_the_name_of_a_connection",
    ),
    # data
    "csv_processor": Cases(
        "test_data_tools.py::test_rows_are_grouped_and_summed_up",
        "test_data_tools.py::test_tables_that_are_none_are_told",
        "test_data_tools.py::test_formulas_are_made_harmless",
        _AGENT,
    ),
    "data_transformer": Cases(
        "test_data_formats.py::test_tables_go_from_each_format_to_each",
        "test_data_formats.py::test_what_a_format_cannot_hold_is_told",
        "test_data_formats.py::test_data_made_to_harm_is_refused",
        "test_data_formats.py::test_files_are_converted",
    ),
    "json_processor": Cases(
        "test_data_tools.py::test_json_is_queried",
        "test_data_tools.py::test_json_that_is_none_is_told",
        "test_data_tools.py::test_queries_that_would_not_end_are_stopped",
        _AGENT,
    ),
    "text_analyzer": Cases(
        "test_data_tools.py::test_texts_are_counted",
        "test_data_tools.py::test_readability_follows_the_formulas",
        "test_data_tools.py::test_texts_made_to_harm_are_read_within_time",
        "test_data_tools.py::test_feelings_are_told",
    ),
    "xml_processor": Cases(
        "test_data_tools.py::test_xml_is_read",
        "test_data_formats.py::test_any_text_is_data_or_an_error_in_words",
        "test_data_tools.py::test_xml_made_to_harm_is_refused",
        _AGENT,
    ),
}
