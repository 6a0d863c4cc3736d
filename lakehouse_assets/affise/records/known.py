"""Name the members that records of lists are known to have, so that a run can say which are new.

Observed ones, and those that the API's documents name for single records or later versions.
"""

from __future__ import annotations

OFFER = frozenset(
    [
        "id", "offer_id", "advertiser", "external_offer_id", "bundle_id", "title", "macro_url", "url",
        "cross_postback_url", "cross_postback_method", "cross_postback_body", "url_preview", "preview_url",
        "domain_url", "trafficback_url", "parallel_tracking_url", "impressions_url", "logo", "logo_source", "notes",
        "note_aff", "note_sales", "disabled_by", "description_lang", "kpi", "status", "privacy", "is_top", "is_cpi",
        "is_deleted", "required_approval", "hide_payments", "hide_caps", "hosts_only", "use_https", "use_http",
        "created_at", "updated_at", "start_at", "stop_at", "hold_period", "hold_type", "click_session",
        "minimal_click_session", "schedule", "cr", "epc", "affiliate_epc", "notice_percent_overcap",
        "duplicate_clicks_threshold", "host_uniqueness_number_unique_clicks", "host_uniqueness_time_frame",
        "allow_deeplink", "hide_referer", "reject_not_uniq_ip", "uniq_ip_only", "allow_impressions",
        "is_redirect_overcap", "is_impression_overcap", "auto_offer_connect", "strictly_country", "search_empty_sub",
        "io_document", "consider_personal_targeting_only", "enabled_commission_tiers", "allow_duplicate_conversions",
        "enable_impression_sub3_uniqueness", "sign_clicks_integration", "tags", "categories", "full_categories",
        "sources", "smartlink_categories", "creatives", "creatives_zip", "strictly_os", "strictly_brands",
        "strictly_isp", "restriction_isp", "strictly_devices", "countries", "sub_restrictions", "sub_accounts",
        "redirect_type", "hash_password", "allowed_ip", "disallowed_ip", "caps_status", "caps_timezone",
        "caps_goal_overcap", "payments", "partner_payments", "landings", "caps", "commission_tiers", "targeting",
        "enabled_affiliates",
    ]
)  # fmt: skip
AFFILIATE = frozenset(
    [
        "id", "created_at", "updated_at", "email", "login", "name", "contactPerson", "notes", "ref_percent", "ref",
        "manager", "status", "level", "payment_systems", "customFields", "balance", "offersCount", "api_key",
        "address_1", "address_2", "city", "country", "zip_code", "phone", "sub_accounts", "tags", "lang",
    ]
)  # fmt: skip
ADVERTISER = frozenset(
    [
        "id", "title", "contact", "email", "url", "skype", "note", "address_1", "address_2", "city", "country",
        "zip_code", "vat_code", "manager", "manager_obj", "allowed_ip", "disallowed_ip", "tags", "skad_network_id",
        "sub_accounts", "hash_password", "offers", "has_user", "consider_personal_targeting_only", "hosts_only",
        "hide_conversion_status", "disabled_choice_postback_status", "sign_clicks_integration", "affiliates_enabled",
        "affiliates_disabled", "created_at", "updated_at",
    ]
)  # fmt: skip
